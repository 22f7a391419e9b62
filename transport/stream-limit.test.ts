import { expect } from 'chai';
import { answer, type Seen } from '../test/support/http2-server.js';
import { eachTransport, until } from '../test/support/transports.js';

/** On a slow machine the others would open a second one. */
const ONE_CONNECTION = { connectionsPerOrigin: 1 };

eachTransport('the limit of streams on a connection', (lines) => {
  const { line } = lines();

  it('sends one request at a time while the peer allows one, then as many as it allows', async () => {
    const waiting: Seen[] = [];
    const { send, server } = await line((seen) => waiting.push(seen), {
      server: { settings: { maxConcurrentStreams: 1 } },
      transport: ONE_CONNECTION,
    });
    const replies = Array.from({ length: 1_500 }, (_, i) => send({ path: `/${i}` }));
    for (let i = 0; i < 5; i += 1) {
      await until(() => waiting.length === i + 1);
      expect(server.open.now).to.equal(1);
      if (i < 4) answer(waiting[i]!.stream);
    }
    expect(server.open.most).to.equal(1);
    server.sessions[0]?.settings({ maxConcurrentStreams: 1_000 });
    await until(() => waiting.length === 1_004);
    expect(server.open.now).to.equal(1_000);
    for (let i = 4; i < 1_500; i += 1) {
      await until(() => waiting.length > i);
      answer(waiting[i]!.stream);
    }
    await Promise.all(replies);
    expect(server.open.most).to.equal(1_000);
    expect(waiting.map(({ path }) => path)).to.deep.equal(replies.map((_, i) => `/${i}`));
  });

  it('obeys a limit that is lowered, and lets running requests finish', async () => {
    const waiting: Seen[] = [];
    const { send, server } = await line((seen) => waiting.push(seen), {
      server: { settings: { maxConcurrentStreams: 10 } },
      transport: ONE_CONNECTION,
    });
    const replies = Array.from({ length: 30 }, () => send());
    await until(() => waiting.length === 10);
    await new Promise<void>((resolve) =>
      server.sessions[0]?.settings({ maxConcurrentStreams: 2 }, () => resolve()),
    );
    const early = waiting.splice(0);
    early.forEach(({ stream }) => answer(stream));
    server.open.most = 0;
    for (let answered = 0; answered < 20; answered += 1) {
      await until(() => waiting.length > 0);
      expect(server.open.now).to.be.at.most(2);
      answer(waiting.shift()!.stream);
    }
    expect(await Promise.all(replies)).to.have.length(30);
    expect(server.sessions).to.have.length(1);
  });

  it('stays below its own limit where the peer allows more', async () => {
    const { send, server } = await line(undefined, {
      transport: { ...ONE_CONNECTION, streamsPerConnection: 5 },
    });
    await Promise.all(Array.from({ length: 50 }, () => send()));
    expect(server.open.most).to.equal(5);
  });

  it('does not send what its turn comes too late for', async () => {
    const waiting: Seen[] = [];
    const { send, server } = await line((seen) => waiting.push(seen), {
      server: { settings: { maxConcurrentStreams: 1 } },
      transport: ONE_CONNECTION,
    });
    const first = send({ path: '/first' });
    await until(() => waiting.length === 1);
    const late = send({ path: '/late', sendBefore: performance.now() }).catch(
      (error: unknown) => error,
    );
    const inTime = send({ path: '/in-time', sendBefore: performance.now() + 60_000 });
    answer(waiting[0]!.stream);
    await first;
    expect(await late).to.include({ fault: 'late', mayHaveArrived: false });
    await until(() => waiting.length === 2);
    answer(waiting[1]!.stream);
    await inTime;
    expect(waiting.map(({ path }) => path)).to.deep.equal(['/first', '/in-time']);
    expect(server.open.most).to.equal(1);
  });

  it('waits for its turn while the peer allows no stream at all', async () => {
    const { send, server } = await line(undefined, {
      server: { settings: { maxConcurrentStreams: 0 } },
    });
    const reply = send();
    await until(() => server.sessions.length === 1);
    expect(server.seen).to.have.length(0);
    server.sessions[0]?.settings({ maxConcurrentStreams: 1 });
    expect(await reply).to.include({ status: 200 });
  });
});
