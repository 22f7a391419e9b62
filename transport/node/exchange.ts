/** One request on its way: its deadline, its place in the queue or its stream, and the reply as it arrives. */
import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { unwatchAbort, watchAbort } from '../abort-watch.js';
import type { ExchangeQueue, Queued } from '../exchange-queue.js';
import {
  TransportError,
  type TransportFault,
  type TransportReply,
  type TransportRequest,
} from '../transport.js';

export interface ExchangeOwner {
  /** Called once for each exchange. */
  onSettled(exchange: Exchange): void;
  /** A sent request got no answer in time, which may be the connection's fault. */
  onOverdue(stream: ClientHttp2Stream): void;
}

export interface ExchangeLimits {
  readonly timeoutMs: number;
  readonly replyBytes: number;
  readonly abortGraceMs: number;
}

const NO_BODY = Buffer.alloc(0);

const onDeadline = (exchange: Exchange): void => {
  exchange.expire();
};

/** Above this, setTimeout fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const joined = (chunks: readonly Buffer[]): Buffer =>
  chunks.length > 1 ? Buffer.concat(chunks) : (chunks[0] ?? NO_BODY);

const replyHeaders = (received: IncomingHttpHeaders): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const name in received) {
    if (name.startsWith(':')) continue;
    const value = received[name];
    headers[name] = Array.isArray(value) ? value.join(', ') : String(value);
  }
  return headers;
};

export class Exchange implements Queued<Exchange> {
  /** Links of the queue it waits in. */
  queue: ExchangeQueue<Exchange> | undefined;
  before: Exchange | undefined;
  after: Exchange | undefined;
  /** How often a peer has handed it back unprocessed. */
  repeats = 0;

  private stream: ClientHttp2Stream | undefined;
  private isSettled = false;
  private status = 0;
  private headers: IncomingHttpHeaders | undefined;
  private readonly body: Buffer[] = [];
  private bodyBytes = 0;
  private readonly timeoutMs: number;
  private timer: NodeJS.Timeout;
  private isAborted = false;

  constructor(
    readonly request: TransportRequest,
    readonly requestHeaders: OutgoingHttpHeaders,
    private readonly owner: ExchangeOwner,
    private readonly limits: ExchangeLimits,
    private readonly callbacks: {
      resolve(reply: TransportReply): void;
      reject(error: TransportError): void;
    },
  ) {
    // Not unref'ed, unlike every socket and upkeep timer: a process stays while, and only while, somebody waits.
    this.timeoutMs = Math.min(request.timeoutMs ?? limits.timeoutMs, LONGEST_TIMER_MS);
    this.timer = setTimeout(onDeadline, this.timeoutMs, this);
    if (request.signal) watchAbort(request.signal, this);
  }

  /** From here on the request may arrive. */
  sentOn(stream: ClientHttp2Stream): void {
    this.stream = stream;
  }

  /** The peer, or the connection, did not process it: it is as if it was never sent. */
  unsend(): void {
    this.stream = undefined;
    if (this.isAborted) this.failAborted();
  }

  isOn(stream: ClientHttp2Stream): boolean {
    return this.stream === stream && !this.isSettled;
  }

  get hasAnswer(): boolean {
    return this.status !== 0;
  }

  onResponse(headers: IncomingHttpHeaders): void {
    this.status = Number(headers[':status']);
    this.headers = headers;
  }

  onData(chunk: Buffer): void {
    this.bodyBytes += chunk.length;
    if (this.bodyBytes <= this.limits.replyBytes) this.body.push(chunk);
    else this.fail('reply-too-large', `The reply is larger than ${this.limits.replyBytes} bytes`);
  }

  /** The peer has said everything. A body of the wrong length was cut, and the stream's closing will say so. */
  onEnd(): void {
    const declared = this.headers?.['content-length'];
    if (declared !== undefined && Number(declared) !== this.bodyBytes) return;
    const reply: TransportReply = {
      status: this.status,
      headers: replyHeaders(this.headers ?? {}),
      body: joined(this.body),
    };
    // A peer may answer without reading the body; the rest of it must not hold the stream open.
    this.settle({ closeStream: !this.stream?.writableFinished });
    this.callbacks.resolve(reply);
  }

  /** Whether its turn has come in time; fails it otherwise. */
  isInTime(): boolean {
    const { sendBefore } = this.request;
    if (sendBefore === undefined || performance.now() <= sendBefore) return true;
    this.fail('late', 'Its turn came too late for it to be sent');
    return false;
  }

  expire(): void {
    const overdue = this.stream;
    this.fail('timeout', `No answer within ${this.timeoutMs} ms`);
    if (overdue) this.owner.onOverdue(overdue);
  }

  /** What was not sent never is; what was sent may have arrived, and is worth a short wait for its answer. */
  abort(): void {
    if (this.isSettled) return;
    this.isAborted = true;
    if (this.stream === undefined || this.limits.abortGraceMs === 0) {
      this.failAborted();
      return;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.failAborted(), this.limits.abortGraceMs);
  }

  private failAborted(): void {
    this.fail('aborted', 'The request was aborted', { cause: this.request.signal?.reason });
  }

  fail(fault: TransportFault, message: string, options?: ErrorOptions): void {
    if (this.isSettled) return;
    const mayHaveArrived = this.stream !== undefined;
    this.settle({ closeStream: mayHaveArrived });
    this.callbacks.reject(new TransportError(fault, message, mayHaveArrived, options));
  }

  private settle({ closeStream }: { closeStream: boolean }): void {
    this.isSettled = true;
    clearTimeout(this.timer);
    if (this.request.signal) unwatchAbort(this.request.signal, this);
    this.queue?.remove(this);
    if (closeStream) this.stream?.close(constants.NGHTTP2_CANCEL);
    this.owner.onSettled(this);
  }
}
