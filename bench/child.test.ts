import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { endChild, pidOf, untilGone } from './child.js';

const sleeper = async () => {
  const child = spawn('sleep', ['600']);
  await once(child, 'spawn');
  return child;
};

describe('ending a process', () => {
  it('asks it to go, waits until it is gone, and does nothing the second time', async () => {
    const child = await sleeper();
    await endChild(child);
    expect(child.signalCode).to.equal('SIGTERM');
    await endChild(child);
    await untilGone([pidOf(child)]);
  });

  it('waits for a process that somebody else ends', async () => {
    const child = await sleeper();
    let isGone = false;
    const gone = untilGone([pidOf(child)]).then(() => {
      isGone = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isGone).to.equal(false);
    child.kill('SIGKILL');
    await gone;
    expect(child.signalCode).to.equal('SIGKILL');
  });

  it('has no id for what could not be started', async () => {
    const child = spawn('/no/such/program');
    await once(child, 'error');
    expect(() => pidOf(child)).to.throw('could not be started');
  });
});
