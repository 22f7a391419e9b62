/** Reads bodies and writes answers, the same for HTTP/2 streams and HTTP/1.1. */
import type { ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';

/** The side of an exchange that answers. */
export interface Answering {
  reply(status: number, headers: Readonly<Record<string, string>>, body: string): void;
  reset(code: number): void;
  cut(): void;
}

/** More of a body is read and thrown away; no vendor takes as much. */
const MAX_BODY_BYTES = 2 ** 21;

/**
 * `done` is called in a turn of its own. The end of a body may be told in the middle of Node's parser of HTTP/2, and whoever
 * resets, closes or says goodbye there corrupts the memory of the process: https://github.com/nodejs/undici/pull/5643
 */
export const collect = (source: NodeJS.ReadableStream, done: (body: Buffer) => void): void => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  source.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  });
  source.on('end', () =>
    setImmediate(() => done(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))),
  );
};

export const parsedOrText = (body: Buffer): unknown => {
  const text = body.toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

export const answeringStream = (stream: ServerHttp2Stream, cut: () => void): Answering => ({
  reply: (status, headers, body) => {
    if (stream.destroyed || stream.closed) return;
    stream.respond({ ':status': status, ...headers }, { endStream: body === '' });
    if (body !== '') stream.end(body);
  },
  reset: (code) => {
    if (!stream.destroyed) stream.close(code);
  },
  cut,
});

export const answeringHttp1 = (response: ServerResponse): Answering => ({
  reply: (status, headers, body) => {
    response.writeHead(status, headers);
    response.end(body);
  },
  // There are no streams to reset: the connection breaks.
  reset: () => response.socket?.destroy(),
  cut: () => response.socket?.destroy(),
});
