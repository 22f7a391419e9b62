import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { answer, type Seen } from '../../test/support/http2-server.js';
import { oneTransport, originOf, until } from '../../test/support/transports.js';

oneTransport('own', 'the pool', (lines) => {
  const { line, transport, after } = lines();

  /** Passes bytes on, both ways, each so much later than it came. */
  const longWay = async (port: number, delayMs: number): Promise<string> => {
    const sockets: Socket[] = [];
    const passOn = (from: Socket, to: Socket): void => {
      sockets.push(from);
      from.on('data', (bytes: Buffer) => void setTimeout(() => to.write(bytes), delayMs));
      from.on('close', () => void setTimeout(() => to.destroy(), delayMs));
      from.on('error', () => undefined);
    };
    const relay = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      passOn(near, far);
      passOn(far, near);
    });
    relay.listen(0, '127.0.0.1');
    await once(relay, 'listening');
    after(async () => {
      for (const socket of sockets) socket.destroy();
      relay.close();
    });
    return `https://127.0.0.1:${(relay.address() as AddressInfo).port}`;
  };

  it('grows while streams are what limits the rate, up to its bound', async () => {
    const { server } = await line(undefined, { server: { settings: { maxConcurrentStreams: 2 } } });
    const made = transport({ connectionsPerOrigin: 3 });
    const origin = await originOf(await longWay(server.port, 20));
    let isEnough = false;
    const worker = async (): Promise<void> => {
      while (!isEnough) await made.request(origin, { path: '/', headers: {}, body: '' });
    };
    const workers = Array.from({ length: 20 }, worker);
    await until(() => server.sessions.length === 3);
    // Long enough for a fourth one, if it were allowed.
    const seen = server.seen.length;
    await until(() => server.seen.length > seen + 100);
    isEnough = true;
    await Promise.all(workers);
    expect(server.sessions).to.have.length(3);
  });

  it('does not grow for a peer that answers nothing', async () => {
    const stalled: Seen[] = [];
    const { send, server } = await line((seen) => stalled.push(seen), {
      server: { settings: { maxConcurrentStreams: 1 } },
    });
    const replies = [send(), send({ timeoutMs: 400 }).catch(() => undefined)];
    await replies[1];
    expect(server.sessions).to.have.length(1);
    answer(stalled[0]!.stream);
    await replies[0];
  });

  it('replaces a connection that has had its number of requests, without losing one', async () => {
    const { send, server } = await line(undefined, { transport: { requestsPerConnection: 10 } });
    const bodies = await Promise.all(
      Array.from({ length: 35 }, async (_, index) => (await send({ body: `${index}` })).body),
    );
    expect(bodies.map(String)).to.deep.equal(bodies.map((_, index) => `${index}`));
    expect(server.sessions).to.have.length(4);
    expect(server.seen).to.have.length(35);
  });

  it('has another connection ready before one that drains is done', async () => {
    const stalled: Seen[] = [];
    const { send, server } = await line((seen) => stalled.push(seen));
    const reply = send();
    await until(() => stalled.length === 1);
    server.sessions[0]?.goaway(0, 1);
    // Nobody has asked for it yet.
    await until(() => server.sessions.length === 2);
    answer(stalled[0]!.stream);
    expect(await reply).to.include({ status: 200 });
  });
});
