import { expect } from 'chai';
import { answer, type Seen } from '../test/support/http2-server.js';
import {
  ACK,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  STATUS_200,
} from '../test/support/raw-http2-server.js';
import { eachTransport, faultOf, type Line, originOf, until } from '../test/support/transports.js';

eachTransport('a connection', (lines) => {
  const { line, rawLine } = lines();

  const isPing = ({ type, flags }: { type: number; flags: number }): boolean =>
    type === FRAME.ping && flags !== ACK;

  it('that is silent is pinged, and stays while it answers', async () => {
    const { send, server } = await line(undefined, {
      transport: { pingIntervalMs: 10, pingTimeoutMs: 1_000 },
    });
    await send();
    let pings = 0;
    server.sessions[0]?.on('ping', () => {
      pings += 1;
    });
    await until(() => pings >= 3);
    await send();
    expect(server.sessions).to.have.length(1);
  });

  it('that does not answer a ping is destroyed, and the next request uses another', async () => {
    let isMute = false;
    const { send, server } = await rawLine(
      (read, socket) => {
        if (isMute) return;
        if (isPing(read)) socket.write(frame(FRAME.ping, ACK, 0, read.payload));
        if (read.type !== FRAME.headers) return;
        socket.write(frame(FRAME.headers, END_HEADERS | END_STREAM, read.streamId, STATUS_200));
      },
      // A peer on a busy machine answers within a second and a half.
      { transport: { pingIntervalMs: 20, pingTimeoutMs: 1_500 } },
    );
    await send();
    await until(() => server.frames.some(isPing));
    isMute = true;
    expect(await faultOf(send())).to.include({ fault: 'reset', mayHaveArrived: true });
    isMute = false;
    expect(await send()).to.include({ status: 200 });
    expect(server.sockets).to.have.length(2);
  });

  it('that lets a request run out of time is asked for a sign of life at once', async () => {
    const { send, server } = await rawLine(undefined, {
      transport: { pingIntervalMs: 60_000, pingTimeoutMs: 500 },
    });
    const other = send();
    await until(() => server.frames.some(({ type }) => type === FRAME.headers));
    expect((await faultOf(send({ timeoutMs: 20 }))).fault).to.equal('timeout');
    expect(await faultOf(other)).to.include({ fault: 'reset', mayHaveArrived: true });
    await until(() => server.frames.some(isPing));
    expect(server.frames.filter(isPing)).to.have.length(1);
  });

  it('that nobody uses is closed, and one with a running request is not', async () => {
    const stalled: Seen[] = [];
    const { transport, origin, server, send } = await line(
      (seen) => (seen.path === '/slow' ? stalled.push(seen) : answer(seen.stream)),
      { transport: { idleTimeoutMs: 30 } },
    );
    const slow = send({ path: '/slow' });
    await until(() => stalled.length === 1);
    const idle = { ...origin, credential: 'idle' };
    const request = { path: '/', headers: {}, body: '' };
    await transport.request(idle, request);
    await until(() => server.sessions[1]!.destroyed);
    expect(server.sessions[0]!.closed).to.equal(false);
    answer(stalled[0]!.stream);
    expect(await slow).to.include({ status: 200 });
    await until(() => server.sessions[0]!.destroyed);
    expect(await transport.request(idle, request)).to.include({ status: 200 });
    expect(server.sessions).to.have.length(3);
  });
});

eachTransport('ready', (lines) => {
  const { line, transport: makeTransport } = lines();

  it('opens a connection, and the requests that follow use it', async () => {
    const { transport, origin, send, server } = await line();
    await Promise.all([transport.ready(origin), transport.ready(origin)]);
    expect(server.sessions).to.have.length(1);
    await transport.ready(origin);
    await send();
    expect(server.sessions).to.have.length(1);
  });

  it('is over when there is nobody to connect to, and at once while that is left alone', async () => {
    const transport = makeTransport();
    const nobody = await originOf('https://127.0.0.1:1');
    await transport.ready(nobody);
    await transport.ready(nobody);
    const request = { path: '/', headers: {}, body: '' };
    expect((await faultOf(transport.request(nobody, request))).fault).to.equal('connect');
  });

  it('is over for an address that is forbidden, and for a transport that closes', async () => {
    const forbidding = makeTransport({ allowPrivateEndpoints: false });
    await forbidding.ready(await originOf('https://127.0.0.1:1'));
    const { transport, origin, server } = await line();
    await transport.close();
    await transport.ready(origin);
    expect(server.sessions).to.have.length(0);
  });
});

eachTransport('renew', (lines) => {
  const { line } = lines();

  it('sends new requests on a new connection while the old one finishes and closes', async () => {
    const stalled: Seen[] = [];
    const { send, server, transport, origin } = await line((seen) => {
      if (seen.path === '/old') stalled.push(seen);
      else answer(seen.stream, 'new');
    });
    const old = send({ path: '/old' });
    await until(() => stalled.length === 1);
    transport.renew(origin);
    expect((await send()).body.toString()).to.equal('new');
    expect(server.sessions).to.have.length(2);
    answer(stalled[0]!.stream, 'old');
    expect((await old).body.toString()).to.equal('old');
    await until(() => server.sessions[0]!.destroyed);
    expect(server.sessions[1]!.destroyed).to.equal(false);
  });

  it('makes one new connection for many who ask at once', async () => {
    const { send, server, transport, origin } = await line();
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        await send();
        transport.renew(origin);
        await send();
      }),
    );
    expect(server.sessions).to.have.length(2);
  });

  it('does nothing for an origin without a connection', async () => {
    const { transport, origin, send, server } = await line();
    transport.renew(origin);
    await send();
    expect(server.sessions).to.have.length(1);
  });
});

eachTransport('close', (lines) => {
  const { line, rawLine } = lines();

  const stalling = async (closeTimeoutMs: number): Promise<Line & { stalled: Seen[] }> => {
    const stalled: Seen[] = [];
    const made = await line((seen) => stalled.push(seen), {
      server: { settings: { maxConcurrentStreams: 1 } },
      transport: { closeTimeoutMs },
    });
    return { ...made, stalled };
  };

  it('waits for running and waiting requests, refuses new ones, and closes the connection', async () => {
    const { send, stalled, transport, server } = await stalling(5_000);
    const replies = [send(), send()];
    await until(() => stalled.length === 1);
    const closed = transport.close();
    expect(await faultOf(send())).to.include({ fault: 'closed', mayHaveArrived: false });
    answer(stalled[0]!.stream);
    await until(() => stalled.length === 2);
    answer(stalled[1]!.stream);
    await closed;
    expect((await Promise.all(replies)).map(({ status }) => status)).to.deep.equal([200, 200]);
    await until(() => server.sessions[0]!.destroyed);
  });

  it('fails what does not end in time, telling the sent from the unsent', async () => {
    const { send, stalled, transport } = await stalling(20);
    const replies = [send(), send()].map(faultOf);
    await until(() => stalled.length === 1);
    await transport.close();
    const [sent, unsent] = await Promise.all(replies);
    expect(sent).to.include({ fault: 'closed', mayHaveArrived: true });
    expect(unsent).to.include({ fault: 'closed', mayHaveArrived: false });
    expect(stalled).to.have.length(1);
  });

  it('ends an attempt to connect', async () => {
    const { send, transport, server } = await rawLine(undefined, { speaksFirst: false });
    const reply = faultOf(send());
    await until(() => server.sockets.length === 1);
    await transport.close();
    expect((await reply).mayHaveArrived).to.equal(false);
    await until(() => server.sockets[0]!.destroyed);
  });

  it('can be called twice, and before anything was sent', async () => {
    const { transport } = await line();
    await Promise.all([transport.close(), transport.close()]);
  });
});
