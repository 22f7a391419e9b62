/** The body of an import as a stream of bytes: unpacked, bounded, and never closing the connection it comes from. */

import { createGunzip } from 'node:zlib';
import type { Request } from 'express';
import { problem } from '../problems.js';

/** 1 GiB after unpacking; a million lines have about 200 MB. */
export const MAX_IMPORT_BYTES = 1024 * 1024 * 1024;

/** The caller hung up, or what came could not be unpacked. */
export class BodyBroken extends Error {
  override readonly name = 'BodyBroken';
}

/** Throws BODY_ENCODING_UNSUPPORTED. */
const unpacked = (req: Request): AsyncIterable<Buffer> => {
  const encoding = (req.get('content-encoding') ?? 'identity').toLowerCase();
  // Leaving the loop early must not destroy the request: its answer still has to go out.
  if (encoding === 'identity') return req.iterator({ destroyOnReturn: false });
  if (encoding !== 'gzip') {
    throw problem('BODY_ENCODING_UNSUPPORTED', {
      detail: 'Send UTF-8, plain or with Content-Encoding gzip',
    });
  }
  const gunzip = createGunzip();
  req.once('error', (error) => gunzip.destroy(error));
  req.once('aborted', () => gunzip.destroy(new Error('The caller hung up')));
  return req.pipe(gunzip);
};

async function* whole(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (error) {
    throw new BodyBroken('The body broke off', { cause: error });
  }
}

/** Rejects with BodyBroken, BODY_TOO_LARGE or BODY_ENCODING_UNSUPPORTED. */
export async function* importBody(req: Request, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of whole(unpacked(req))) {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        throw problem('BODY_TOO_LARGE', { detail: `At most ${maxBytes} bytes are taken` });
      }
      yield chunk;
    }
  } finally {
    // What nobody reads any more would block the connection.
    req.unpipe();
    req.resume();
  }
}
