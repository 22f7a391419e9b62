/** Replies as no vendor should send them: cut, mangled, foreign, huge, and with a token in them. */
import fc from 'fast-check';
import type { TransportReply } from '../../transport/transport.js';

const HUGE_BYTES = 1 << 20;

/** Made of `replies` and of noise; `token` is repeated by some. */
export const anyReply = (
  replies: readonly TransportReply[],
  token: string,
): fc.Arbitrary<TransportReply> => {
  const text = fc.constantFrom(...replies.map(({ body }) => body.toString()));
  const mangled = fc.tuple(text, fc.nat(), fc.nat(20), fc.string()).map(([whole, at, cut, put]) => {
    const start = at % (whole.length + 1);
    return whole.slice(0, start) + put + whole.slice(start + cut);
  });
  const truncated = text.chain((whole) => fc.nat(whole.length).map((end) => whole.slice(0, end)));
  const repeating = fc
    .constantFrom('error', 'reason', 'msg')
    .map((key) =>
      JSON.stringify({ code: '1', [key]: key === 'error' ? { message: token } : token }),
    );
  const words = fc.oneof(mangled, truncated, text, fc.json(), repeating);
  const body = fc.oneof(
    { weight: 8, arbitrary: words.map((made) => Buffer.from(made)) },
    { weight: 2, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.constant(Buffer.alloc(HUGE_BYTES, '{"error":')) },
  );
  const status = fc.oneof(
    fc.constantFrom(200, 400, 401, 403, 404, 405, 410, 413, 429, 500, 502, 503, 504),
    fc.integer({ min: 100, max: 599 }),
  );
  const header = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.constant('Sat, 01 Jan 2028 00:00:00 GMT'),
  );
  const headers = fc
    .dictionary(fc.constantFrom('retry-after', 'content-type', 'date', 'x-request-id'), header)
    .map((made) => ({ ...made }));
  return fc.record({ status, headers, body });
};
