/** Writes the frames of a request: HEADERS, CONTINUATION where it must be, and a body that goes out whole. */
import {
  type EncodableField,
  HpackEncoder,
  literalHead,
  MOST_BEGINNING_BYTES,
  type Prepared,
  writePlainLiteral,
} from '../hpack/encoder.js';
import type { TransportRequest } from '../transport.js';
import { FLAG, FRAME, HEAD_BYTES, writeHead } from './frames.js';
import type { Output } from './output.js';

type Headers = TransportRequest['headers'];

/** RFC 7541 section 7.1.3: what is worth guessing at never enters a table, also not one of an intermediary. */
const SECRET_NAMES = new Set(['authorization', 'proxy-authorization', 'cookie']);
/** The path may hold a device token, which is a secret too; it would fill the table besides. */
const PATH = literalHead(':path', 'never');
const CONTENT_LENGTH = literalHead('content-length', 'without');
/** Of a literal: the length of its string as an integer. */
const MOST_LENGTH_BYTES = 6;
const MOST_LITERAL_BYTES = PATH.length + CONTENT_LENGTH.length + 3 * MOST_LENGTH_BYTES + 10;

const fieldsOf = (headers: Headers, isShared: boolean): EncodableField[] =>
  Object.entries(headers).map(([name, value]) => {
    const plain = isShared ? 'index' : 'without';
    return { name, value, indexing: SECRET_NAMES.has(name) ? 'never' : plain };
  });

export interface OutgoingRequest {
  readonly streamId: number;
  readonly request: TransportRequest;
  readonly bodyBytes: number;
}

export class RequestWriter {
  private readonly encoder = new HpackEncoder();
  private readonly pseudo: Prepared;
  private maxFrameBytes = 0;
  private lastHeaders: Headers | undefined;
  private lastPrepared: Prepared;
  /** Undefined: seen once. Only what comes again is worth a place in the peer's table. */
  private readonly prepared = new WeakMap<Headers, Prepared | undefined>();

  constructor(
    private readonly output: Output,
    authority: string,
  ) {
    this.pseudo = this.encoder.prepare([
      { name: ':method', value: 'POST', indexing: 'index' },
      { name: ':scheme', value: 'https', indexing: 'index' },
      { name: ':authority', value: authority, indexing: 'index' },
    ]);
    this.lastPrepared = this.pseudo;
  }

  obey(peer: { readonly headerTableBytes: number; readonly maxFrameBytes: number }): void {
    this.encoder.setMaxTableBytes(peer.headerTableBytes);
    this.maxFrameBytes = peer.maxFrameBytes;
  }

  /** With the body in one DATA frame, which ends the stream. It must not be larger than a frame of the peer's. */
  writeWhole(outgoing: OutgoingRequest): void {
    const { streamId, request, bodyBytes } = outgoing;
    if (bodyBytes === 0) return this.writeHeaders(outgoing, FLAG.endStream);
    const { output } = this;
    this.writeHeaders(outgoing, 0, HEAD_BYTES + bodyBytes);
    output.reserve(HEAD_BYTES + bodyBytes);
    const at = writeHead(output.bytes, output.at, {
      type: FRAME.data,
      flags: FLAG.endStream,
      streamId,
      payloadBytes: bodyBytes,
    });
    const { body } = request;
    if (typeof body === 'string') output.bytes.write(body, at);
    else output.bytes.set(body, at);
    output.at = at + bodyBytes;
  }

  /** `roomBytes`: what is going to follow. */
  writeHeaders(outgoing: OutgoingRequest, flags: number, roomBytes = 0): void {
    const { streamId, request } = outgoing;
    const { output } = this;
    const prepared = this.preparedFor(request.headers);
    const mostBytes =
      MOST_BEGINNING_BYTES +
      this.pseudo.mostBytes +
      prepared.mostBytes +
      request.path.length +
      MOST_LITERAL_BYTES;
    if (mostBytes > this.maxFrameBytes) {
      const block = Buffer.allocUnsafe(mostBytes);
      const end = this.writeBlock(block, 0, outgoing, prepared);
      return this.writeFragments(streamId, block.subarray(0, end), flags);
    }
    output.reserve(HEAD_BYTES + mostBytes + roomBytes);
    output.mark = streamId;
    const start = output.at + HEAD_BYTES;
    const end = this.writeBlock(output.bytes, start, outgoing, prepared);
    writeHead(output.bytes, output.at, {
      type: FRAME.headers,
      flags: flags | FLAG.endHeaders,
      streamId,
      payloadBytes: end - start,
    });
    output.at = end;
  }

  /** RFC 9113 section 6.10: the fragments stand together, with nothing in between. */
  private writeFragments(streamId: number, block: Buffer, flags: number): void {
    const { output, maxFrameBytes } = this;
    for (let start = 0; start < block.length; start += maxFrameBytes) {
      const fragment = block.subarray(start, start + maxFrameBytes);
      const isFirst = start === 0;
      const isLast = start + maxFrameBytes >= block.length;
      output.reserve(HEAD_BYTES + fragment.length);
      output.mark = streamId;
      const at = writeHead(output.bytes, output.at, {
        type: isFirst ? FRAME.headers : FRAME.continuation,
        flags: (isFirst ? flags : 0) | (isLast ? FLAG.endHeaders : 0),
        streamId,
        payloadBytes: fragment.length,
      });
      output.bytes.set(fragment, at);
      output.at = at + fragment.length;
    }
  }

  /** RFC 9113 section 8.3: pseudo fields stand before all others. */
  private writeBlock(
    target: Buffer,
    start: number,
    { request, bodyBytes }: OutgoingRequest,
    prepared: Prepared,
  ): number {
    const { encoder } = this;
    let at = encoder.begin(target, start);
    at = encoder.write(target, at, this.pseudo);
    at = writePlainLiteral(target, at, PATH, request.path);
    at = encoder.write(target, at, prepared);
    return writePlainLiteral(target, at, CONTENT_LENGTH, String(bodyBytes));
  }

  private preparedFor(headers: Headers): Prepared {
    if (headers === this.lastHeaders) return this.lastPrepared;
    let prepared = this.prepared.get(headers);
    if (prepared === undefined) {
      const isShared = this.prepared.has(headers);
      prepared = this.encoder.prepare(fieldsOf(headers, isShared));
      this.prepared.set(headers, isShared ? prepared : undefined);
      if (!isShared) return prepared;
    }
    this.lastHeaders = headers;
    this.lastPrepared = prepared;
    return prepared;
  }
}
