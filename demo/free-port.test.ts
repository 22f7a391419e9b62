import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect } from 'chai';
import { freePort } from './free-port.js';

const HOST = '127.0.0.1';

describe('freePort', () => {
  it('takes another port when the wanted one is in use, and the wanted one when it is free', async () => {
    const holder = createServer().listen(0, HOST);
    await once(holder, 'listening');
    const { port: wanted } = holder.address() as AddressInfo;
    const other = await freePort(wanted, HOST);
    expect(other).to.have.property('isOther', true);
    expect(other.port).to.be.above(0).and.not.equal(wanted);

    holder.close();
    await once(holder, 'close');
    expect(await freePort(wanted, HOST)).to.deep.equal({ port: wanted, isOther: false });
  });
});
