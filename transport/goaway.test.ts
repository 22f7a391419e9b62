import { constants } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { answer, type Seen } from '../test/support/http2-server.js';
import {
  END_HEADERS,
  FRAME,
  type Frame,
  frame,
  type RawServer,
  STATUS_200,
  uint32,
} from '../test/support/raw-http2-server.js';
import {
  eachTransport,
  faultOf,
  type Line,
  type LineOptions,
  until,
} from '../test/support/transports.js';

const { NGHTTP2_NO_ERROR, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_REFUSED_STREAM } = constants;
const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_CANCEL } = constants;

eachTransport('when the peer says GOAWAY', (lines) => {
  const { line, rawLine } = lines();

  /** A line whose first connection leaves everything unanswered; later ones answer at once. */
  const firstStalls = async (options?: LineOptions): Promise<Line & { stalled: Seen[] }> => {
    const stalled: Seen[] = [];
    const made = await line((seen) => {
      if (seen.stream.session === made.server.sessions[0]) stalled.push(seen);
      else answer(seen.stream, `again ${seen.path}`);
    }, options);
    return { ...made, stalled };
  };

  const codes = { 'no error': NGHTTP2_NO_ERROR, 'an error': NGHTTP2_ENHANCE_YOUR_CALM };
  for (const [what, code] of Object.entries(codes)) {
    context(`with ${what} in mid traffic`, () => {
      it('repeats what lies above the last stream at once, and lets the others finish', async () => {
        const { send, server, stalled } = await firstStalls();
        const replies = Array.from({ length: 20 }, (_, i) => send({ path: `/${i}` }));
        await until(() => stalled.length === 20);
        // Client streams are 1, 3, 5...: the 8th has id 15.
        server.sessions[0]?.goaway(code, 15);
        const above = await Promise.all(replies.slice(8));
        expect(above.map(({ body }) => body.toString())).to.deep.equal(
          above.map((_, i) => `again /${i + 8}`),
        );
        for (const { stream, path } of stalled.slice(0, 8)) answer(stream, `late ${path}`);
        const below = await Promise.all(replies.slice(0, 8));
        expect(below.map(({ body }) => body.toString())).to.deep.equal(
          below.map((_, i) => `late /${i}`),
        );
        expect(server.sessions).to.have.length(2);
        expect(server.seen).to.have.length(20 + 12);
      });

      it('sends new requests on a new connection', async () => {
        const { send, server, stalled } = await firstStalls();
        const old = send({ path: '/old' });
        const above = send({ path: '/above' });
        await until(() => stalled.length === 2);
        server.sessions[0]?.goaway(code, 1);
        await above;
        expect((await send({ path: '/new' })).body.toString()).to.equal('again /new');
        answer(stalled[0]!.stream, 'late');
        expect((await old).body.toString()).to.equal('late');
        expect(server.sessions).to.have.length(2);
      });
    });
  }

  it('calls the streams it left unanswered broken, and possibly arrived', async () => {
    const { send, server, stalled } = await firstStalls();
    const replies = Array.from({ length: 4 }, (_, i) => send({ path: `/${i}` }));
    await until(() => stalled.length === 4);
    server.sessions[0]?.goaway(NGHTTP2_INTERNAL_ERROR, 3);
    await Promise.all(replies.slice(2));
    server.sessions[0]?.destroy();
    for (const reply of replies.slice(0, 2)) {
      expect(await faultOf(reply)).to.include({ fault: 'reset', mayHaveArrived: true });
    }
    expect(server.seen).to.have.length(4 + 2);
  });

  it('follows a warning with the true last stream later on', async () => {
    const { send, server, stalled } = await firstStalls();
    const replies = Array.from({ length: 3 }, (_, i) => send({ path: `/${i}` }));
    await until(() => stalled.length === 3);
    server.sessions[0]?.goaway(NGHTTP2_NO_ERROR, 2 ** 31 - 1);
    await send({ path: '/new' });
    server.sessions[0]?.goaway(NGHTTP2_NO_ERROR, 1);
    await Promise.all(replies.slice(1));
    answer(stalled[0]!.stream, 'late');
    expect((await replies[0]!).body.toString()).to.equal('late');
  });

  it('stops after three repeats when every connection ends so, knowing that nothing arrived', async () => {
    const { send, server } = await rawLine(({ type }, socket) => {
      if (type !== FRAME.headers) return;
      const nothing = Buffer.concat([uint32(0), uint32(NGHTTP2_NO_ERROR)]);
      socket.end(frame(FRAME.goaway, 0, 0, nothing));
    });
    expect(await faultOf(send())).to.include({ fault: 'refused', mayHaveArrived: false });
    expect(server.sockets).to.have.length(4);
  });
});

eachTransport('when the peer resets a stream', (lines) => {
  const { line, rawLine } = lines();

  it('repeats a refused request at once on the same connection', async () => {
    let refusals = 0;
    const { send, server } = await line(({ stream }) => {
      if (refusals < 3) {
        refusals += 1;
        stream.close(NGHTTP2_REFUSED_STREAM);
      } else answer(stream, 'finally');
    });
    expect((await send()).body.toString()).to.equal('finally');
    expect(server.sessions).to.have.length(1);
    expect(server.seen).to.have.length(4);
  });

  it('stops after three repeats, knowing that nothing arrived', async () => {
    const { send, server } = await line(({ stream }) => stream.close(NGHTTP2_REFUSED_STREAM));
    expect(await faultOf(send())).to.include({ fault: 'refused', mayHaveArrived: false });
    expect(server.seen).to.have.length(4);
  });

  it('does not repeat any other reset', async () => {
    for (const code of [NGHTTP2_INTERNAL_ERROR, NGHTTP2_CANCEL, NGHTTP2_NO_ERROR]) {
      const { send, server } = await line(({ stream }) => stream.close(code));
      expect(await faultOf(send())).to.include({ fault: 'reset', mayHaveArrived: true });
      expect(server.seen).to.have.length(1);
    }
  });

  /** A peer that sends the beginning of an answer and then resets the stream. */
  const halfAnswers =
    (code: number) =>
    ({ type, streamId }: Frame, socket: TLSSocket): void => {
      if (type !== FRAME.headers) return;
      socket.write(frame(FRAME.headers, END_HEADERS, streamId, STATUS_200));
      socket.write(frame(FRAME.data, 0, streamId, Buffer.from('half')));
      socket.write(frame(FRAME.reset, 0, streamId, uint32(code)));
    };

  it('does not take half an answer for a whole one, whatever the code, and repeats nothing', async () => {
    const codes = [NGHTTP2_REFUSED_STREAM, NGHTTP2_INTERNAL_ERROR, NGHTTP2_CANCEL];
    for (const code of codes) {
      const { send, server } = await rawLine(halfAnswers(code));
      expect(await faultOf(send())).to.include({ fault: 'reset', mayHaveArrived: true });
      expect(server.frames.filter(({ type }) => type === FRAME.headers)).to.have.length(1);
    }
  });

  it('does not take a body for whole that is shorter than declared', async () => {
    // Never indexed, name of index 28 (content-length), value of 2 characters.
    const head = Buffer.concat([STATUS_200, Buffer.from([0x1f, 0x0d, 0x02]), Buffer.from('99')]);
    const { send } = await rawLine(({ type, streamId }, socket) => {
      if (type !== FRAME.headers) return;
      socket.write(frame(FRAME.headers, END_HEADERS, streamId, head));
      socket.write(frame(FRAME.data, 0, streamId, Buffer.from('half')));
      socket.write(frame(FRAME.reset, 0, streamId, uint32(NGHTTP2_NO_ERROR)));
    });
    expect(await faultOf(send())).to.include({ fault: 'reset', mayHaveArrived: true });
  });

  it('goes on serving the other streams', async () => {
    const { send } = await line(({ stream, path }) =>
      path === '/bad' ? stream.close(NGHTTP2_INTERNAL_ERROR) : answer(stream),
    );
    const [bad, good] = await Promise.allSettled([send({ path: '/bad' }), send({ path: '/good' })]);
    expect([bad.status, good.status]).to.deep.equal(['rejected', 'fulfilled']);
  });
});

eachTransport('when the connection is cut', (lines) => {
  const { line, rawLine } = lines();

  it('fails what was sent, possibly arrived, and serves the next request on a new connection', async () => {
    let isCut = false;
    const { send, server } = await line(({ stream, path }) => {
      if (path === '/cut' && !isCut) {
        isCut = true;
        stream.respond({ ':status': 200 });
        stream.write('half');
        setImmediate(() => server.cut());
      } else if (path !== '/wait') answer(stream);
    });
    await send();
    const cut = [send({ path: '/wait' }), send({ path: '/cut' }), send({ path: '/wait' })];
    for (const reply of cut) {
      expect(await faultOf(reply)).to.include({ fault: 'reset', mayHaveArrived: true });
    }
    expect(await send()).to.include({ status: 200 });
    expect(server.sessions).to.have.length(2);
  });

  for (const [what, cut] of [
    ['closes', (_server: RawServer, socket: TLSSocket) => socket.destroy()],
    ['resets', (server: RawServer) => server.reset()],
  ] as const) {
    it(`does not take half an answer for a whole one when the peer ${what} after a GOAWAY`, async () => {
      const { send, server } = await rawLine(({ type, streamId }, socket) => {
        // The client answers a GOAWAY with one of its own: then it has read everything.
        if (type === FRAME.goaway) cut(server, socket);
        if (type !== FRAME.headers) return;
        const last = Buffer.concat([uint32(streamId), uint32(NGHTTP2_NO_ERROR)]);
        socket.write(frame(FRAME.headers, END_HEADERS, streamId, STATUS_200));
        socket.write(frame(FRAME.data, 0, streamId, Buffer.from('half')));
        socket.write(frame(FRAME.goaway, 0, 0, last));
      });
      expect(await faultOf(send())).to.include({ fault: 'reset', mayHaveArrived: true });
    });
  }

  it('sends what was waiting for a stream on a new connection', async () => {
    const { send, server } = await line(
      ({ stream, path }) => {
        if (path === '/cut') server.cut();
        else answer(stream);
      },
      { server: { settings: { maxConcurrentStreams: 1 } } },
    );
    await send();
    const [cut, ...waiting] = [send({ path: '/cut' }), send(), send()];
    expect(await faultOf(cut)).to.include({ fault: 'reset', mayHaveArrived: true });
    expect(await Promise.all(waiting)).to.have.length(2);
    expect(server.sessions).to.have.length(2);
  });

  it('backs off from a peer that cuts every connection before it answers anything', async () => {
    const { send, server } = await line(() => server.cut());
    expect(await faultOf(send())).to.include({ fault: 'reset', mayHaveArrived: true });
    expect(await faultOf(send())).to.include({ fault: 'connect', mayHaveArrived: false });
    expect(server.sessions).to.have.length(1);
  });
});
