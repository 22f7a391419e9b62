import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { eachTransport, faultOf, originOf } from '../test/support/transports.js';

const REQUEST = { path: '/', headers: {}, body: 'through' };

eachTransport('an HTTP CONNECT proxy', (lines) => {
  const { line, transport, after } = lines();

  /** Tunnels to loopback whatever host it is asked for, if the caller may. */
  const proxy = async (
    authorization?: string,
  ): Promise<{ port: number; asked: IncomingMessage[] }> => {
    const asked: IncomingMessage[] = [];
    const sockets: Socket[] = [];
    const server = createServer();
    server.on('connect', (request: IncomingMessage, socket: Socket) => {
      asked.push(request);
      sockets.push(socket);
      socket.on('error', () => undefined);
      if (request.headers['proxy-authorization'] !== authorization) {
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
        return;
      }
      const port = Number(request.url?.split(':').at(-1));
      const target = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(target).pipe(socket);
      });
      target.on('error', () => socket.destroy());
      sockets.push(target);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    after(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return { port: (server.address() as AddressInfo).port, asked };
  };

  it('carries TLS and HTTP/2 to the origin', async () => {
    const { server } = await line();
    const { port, asked } = await proxy();
    const origin = await originOf(`https://localhost:${server.port}`, {
      proxy: `http://127.0.0.1:${port}`,
    });
    const made = transport();
    const replies = await Promise.all([
      made.request(origin, REQUEST),
      made.request(origin, REQUEST),
    ]);
    expect(replies.map(({ body }) => body.toString())).to.deep.equal(['through', 'through']);
    expect(asked.map(({ url }) => url)).to.deep.equal([`localhost:${server.port}`]);
    expect(asked[0]?.headers).not.to.have.property('proxy-authorization');
  });

  it('is told user and password', async () => {
    const { server } = await line();
    const { port } = await proxy(`Basic ${Buffer.from('ann:p@ss:word').toString('base64')}`);
    const origin = await originOf(server.url, {
      proxy: `http://ann:p%40ss:word@127.0.0.1:${port}`,
    });
    expect(await transport().request(origin, REQUEST)).to.include({ status: 200 });
  });

  it('that refuses is named with its status, never with the password', async () => {
    const { server } = await line();
    const { port } = await proxy('Basic other');
    const origin = await originOf(server.url, { proxy: `http://ann:hidden@127.0.0.1:${port}` });
    const fault = await faultOf(transport().request(origin, REQUEST));
    expect(fault).to.include({ fault: 'connect', mayHaveArrived: false });
    expect(fault.message).to.contain('the proxy answered 407').and.not.to.contain('hidden');
    expect(server.sessions).to.have.length(0);
  });

  it('does not stand in for the check of the certificate', async () => {
    const { server } = await line();
    const { port } = await proxy();
    const origin = await originOf(`https://push.example:${server.port}`, {
      proxy: `http://127.0.0.1:${port}`,
    });
    const fault = await faultOf(transport().request(origin, REQUEST));
    expect(fault.fault).to.equal('connect');
    expect(fault.cause).to.have.property('code', 'ERR_TLS_CERT_ALTNAME_INVALID');
    expect(server.seen).to.have.length(0);
  });

  it('is not asked for a private address, unless that is allowed', async () => {
    const { server } = await line();
    const { port, asked } = await proxy();
    for (const host of ['127.0.0.1', 'localhost']) {
      const origin = await originOf(`https://${host}:${server.port}`, {
        proxy: `http://127.0.0.1:${port}`,
      });
      const made = transport({ allowPrivateEndpoints: false });
      expect((await faultOf(made.request(origin, REQUEST))).fault).to.equal('forbidden');
    }
    expect(asked).to.have.length(0);
  });

  it('that cuts the tunnel during the handshake is a failure to connect', async () => {
    const server = createServer();
    server.on('connect', (_request: IncomingMessage, socket: Socket) => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.once('data', () => socket.resetAndDestroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    after(async () => server.close());
    const origin = await originOf('https://127.0.0.1:1', {
      proxy: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    });
    const fault = await faultOf(transport().request(origin, REQUEST));
    expect(fault).to.include({ fault: 'connect', mayHaveArrived: false });
  });

  it('that cannot be reached is a failure to connect', async () => {
    const origin = await originOf('https://127.0.0.1:1', { proxy: 'http://127.0.0.1:1' });
    const fault = await faultOf(transport().request(origin, REQUEST));
    expect(fault).to.include({ fault: 'connect', mayHaveArrived: false });
  });
});
