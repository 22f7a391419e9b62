import { getEventListeners } from 'node:events';
import { constants } from 'node:http2';
import { expect } from 'chai';
import { answer, type Seen } from '../test/support/http2-server.js';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  STATUS_200,
} from '../test/support/raw-http2-server.js';
import { eachTransport, faultOf, type Line, until } from '../test/support/transports.js';

const { NGHTTP2_CANCEL } = constants;
const ONE_STREAM = { server: { settings: { maxConcurrentStreams: 1 } } };

eachTransport('a request that ends early', (lines) => {
  const { line, rawLine } = lines();

  /** A connected line whose server holds every answer back. */
  const stalling = async (): Promise<Line & { stalled: Seen[] }> => {
    const stalled: Seen[] = [];
    const made = await line(
      (seen) => (seen.path === '/warm' ? answer(seen.stream) : stalled.push(seen)),
      ONE_STREAM,
    );
    await made.send({ path: '/warm' });
    made.server.seen.length = 0;
    return { ...made, stalled };
  };

  context('when its deadline passes', () => {
    it('may have arrived if it was sent, and its stream is cancelled', async () => {
      const { send, stalled } = await stalling();
      const fault = await faultOf(send({ timeoutMs: 100 }));
      expect(fault).to.include({ fault: 'timeout', mayHaveArrived: true });
      expect(fault.message).to.equal('No answer within 100 ms');
      // On a busy machine, the peer may not have read it yet.
      await until(() => stalled[0]?.stream.destroyed === true);
      expect(stalled[0]!.stream.rstCode).to.equal(NGHTTP2_CANCEL);
    });

    it('has not arrived if it was still waiting for a stream, and is never sent', async () => {
      const { send, stalled, server } = await stalling();
      const running = send();
      await until(() => stalled.length === 1);
      const fault = await faultOf(send({ timeoutMs: 20, path: '/late' }));
      expect(fault).to.include({ fault: 'timeout', mayHaveArrived: false });
      const next = send({ path: '/next' });
      answer(stalled[0]!.stream);
      await running;
      await until(() => stalled.length === 2);
      answer(stalled[1]!.stream);
      await next;
      expect(server.seen.map(({ path }) => path)).to.deep.equal(['/', '/next']);
    });

    it('has not arrived if no connection was made by then', async () => {
      const { send } = await rawLine(undefined, { speaksFirst: false });
      const fault = await faultOf(send({ timeoutMs: 20 }));
      expect(fault).to.include({ fault: 'timeout', mayHaveArrived: false });
    });

    it('uses the default deadline of the transport when it has none', async () => {
      const { send } = await line(() => undefined, { transport: { timeoutMs: 30 } });
      expect((await faultOf(send())).message).to.equal('No answer within 30 ms');
    });

    it('covers an answer that stops half way', async () => {
      const { send } = await rawLine(({ type, streamId }, socket) => {
        if (type !== FRAME.headers) return;
        socket.write(frame(FRAME.headers, END_HEADERS, streamId, STATUS_200));
        socket.write(
          frame(FRAME.data, streamId === 1 ? END_STREAM : 0, streamId, Buffer.from('half')),
        );
      });
      await send();
      expect(await faultOf(send({ timeoutMs: 100 }))).to.include({
        fault: 'timeout',
        mayHaveArrived: true,
      });
    });
  });

  context('when it is aborted', () => {
    it('is cancelled at the peer if it was sent, and may have arrived', async () => {
      const { send, stalled } = await stalling();
      const abort = new AbortController();
      const reply = send({ signal: abort.signal });
      await until(() => stalled.length === 1);
      abort.abort(new Error('the operator said so'));
      const fault = await faultOf(reply);
      expect(fault).to.include({ fault: 'aborted', mayHaveArrived: true });
      expect(fault.cause).to.have.property('message', 'the operator said so');
      await until(() => stalled[0]!.stream.destroyed);
      expect(stalled[0]!.stream.rstCode).to.equal(NGHTTP2_CANCEL);
    });

    it('still takes the answer that comes in a moment if it was sent', async () => {
      const { send, stalled } = await stalling();
      const abort = new AbortController();
      const reply = send({ signal: abort.signal });
      await until(() => stalled.length === 1);
      abort.abort();
      answer(stalled[0]!.stream);
      expect(await reply).to.include({ status: 200 });
    });

    it('leaves the queue if it was waiting, and is never sent', async () => {
      const { send, stalled, server } = await stalling();
      const running = send();
      await until(() => stalled.length === 1);
      const abort = new AbortController();
      const waiting = Array.from({ length: 100 }, () =>
        send({ path: '/late', signal: abort.signal }),
      );
      const last = send({ path: '/last' });
      abort.abort();
      for (const reply of waiting) {
        expect(await faultOf(reply)).to.include({ fault: 'aborted', mayHaveArrived: false });
      }
      answer(stalled[0]!.stream);
      await running;
      await until(() => stalled.length === 2);
      answer(stalled[1]!.stream);
      await last;
      expect(server.seen.map(({ path }) => path)).to.deep.equal(['/', '/last']);
    });

    it('never starts with a signal that is aborted already', async () => {
      const { send, server } = await line();
      const fault = await faultOf(send({ signal: AbortSignal.abort() }));
      expect(fault).to.include({ fault: 'aborted', mayHaveArrived: false });
      expect(server.sessions).to.have.length(0);
    });

    it('keeps one listener on a shared signal, and none once all have ended', async () => {
      const { send } = await line();
      const { signal } = new AbortController();
      const replies = Array.from({ length: 50 }, () => send({ signal }));
      expect(getEventListeners(signal, 'abort')).to.have.length(1);
      await Promise.all(replies);
      expect(getEventListeners(signal, 'abort')).to.have.length(0);
    });

    it('gives its stream free for those who wait', async () => {
      const { send, stalled } = await stalling();
      const abort = new AbortController();
      const aborted = send({ signal: abort.signal });
      const next = send();
      await until(() => stalled.length === 1);
      abort.abort();
      await faultOf(aborted);
      await until(() => stalled.length === 2);
      answer(stalled[1]!.stream);
      expect(await next).to.include({ status: 200 });
    });
  });

  context('when the reply is too large', () => {
    it('is ended, and the connection goes on', async () => {
      const { send, server } = await line(
        ({ stream, path }) => answer(stream, 'x'.repeat(path === '/large' ? 1_001 : 1_000)),
        { transport: { replyBytes: 1_000 } },
      );
      expect(await faultOf(send({ path: '/large' }))).to.include({
        fault: 'reply-too-large',
        mayHaveArrived: true,
      });
      expect((await send()).body).to.have.length(1_000);
      expect(server.sessions).to.have.length(1);
    });

    it('takes a mebibyte and not a byte more by default', async () => {
      const limit = 1024 * 1024;
      const { send } = await line(({ stream, path }) =>
        answer(stream, 'x'.repeat(Number(path.slice(1)))),
      );
      expect((await send({ path: `/${limit}` })).body).to.have.length(limit);
      expect((await faultOf(send({ path: `/${limit + 1}` }))).fault).to.equal('reply-too-large');
    });
  });

  it('returns an answer that came before the body was read, and gives the stream free', async () => {
    const { send, server } = await rawLine(
      ({ type, streamId }, socket) => {
        if (type !== FRAME.headers) return;
        socket.write(frame(FRAME.headers, END_HEADERS | END_STREAM, streamId, STATUS_200));
      },
      { transport: { streamsPerConnection: 1 } },
    );
    // More than the peer's window of 65,535 bytes, which it never opens.
    const body = 'x'.repeat(100_000);
    const replies = await Promise.all([send({ body }), send({ body: '' })]);
    expect(replies.map(({ status }) => status)).to.deep.equal([200, 200]);
    expect(server.frames.filter(({ type }) => type === FRAME.reset)).to.have.length(1);
  });
});
