/** One request on its way: its deadline, its place in the queue or its stream, and the reply as it arrives. */
import { type Abortable, unwatchAbort, watchAbort } from '../abort-watch.js';
import type { ExchangeQueue, Queued } from '../exchange-queue.js';
import {
  TransportError,
  type TransportFault,
  type TransportReply,
  type TransportRequest,
} from '../transport.js';
import type { DeadlineWheel, Timed } from './deadline-wheel.js';
import { Reply } from './reply.js';
import type { ReplyHead } from './reply-head.js';

/** The connection a request was sent on, as far as the request knows it. */
export interface Carrier {
  /** The peer need not go on with this stream. */
  cancel(exchange: Exchange): void;
  /** A sent request got no answer in time, which may be the connection's fault. */
  suspect(): void;
}

export interface ExchangeOwner {
  readonly deadlines: DeadlineWheel;
  readonly limits: {
    readonly timeoutMs: number;
    readonly replyBytes: number;
    readonly abortGraceMs: number;
  };
  /** Called once for each exchange. */
  onSettled(): void;
}

const NO_BODY = Buffer.alloc(0);
/** Twelve days short of what setTimeout takes; nobody waits so long. */
const LONGEST_TIMEOUT_MS = 2 ** 30;
const NO_DEADLINE = -1;

type Resolve = (reply: TransportReply) => void;
type Reject = (error: TransportError) => void;

// A promise calls this before its constructor returns: one function for all requests instead of a closure for each.
let resolveOfLast: Resolve;
let rejectOfLast: Reject;
const rememberEnds = (resolve: Resolve, reject: Reject): void => {
  resolveOfLast = resolve;
  rejectOfLast = reject;
};

export class Exchange implements Timed, Abortable, Queued<Exchange> {
  /** Links of the queue it waits in. */
  queue: ExchangeQueue<Exchange> | undefined = undefined;
  before: Exchange | undefined = undefined;
  after: Exchange | undefined = undefined;
  /** Links of the wheel. */
  deadlineTick = NO_DEADLINE;
  earlier: Timed | undefined = undefined;
  later: Timed | undefined = undefined;
  /** How often a peer has handed it back unprocessed. */
  repeats = 0;

  /** Its stream, for the connection that opened it. */
  streamId = 0;
  /** What the peer still takes of the body, and what we still take of the reply (RFC 9113 section 6.9). */
  sendWindow = 0;
  receiveWindow = 0;
  /** Where it stands in a body that the peer's windows have cut. */
  unsentBody: Buffer | undefined = undefined;

  readonly promise: Promise<TransportReply>;
  private readonly resolve: Resolve;
  private readonly reject: Reject;
  private carrier: Carrier | undefined = undefined;
  private isSettled = false;
  private isAborted = false;
  private head: ReplyHead | undefined = undefined;
  private firstChunk: Buffer | undefined = undefined;
  private otherChunks: Buffer[] | undefined = undefined;
  private bodyBytes = 0;

  constructor(
    readonly request: TransportRequest,
    private readonly owner: ExchangeOwner,
  ) {
    this.promise = new Promise<TransportReply>(rememberEnds);
    this.resolve = resolveOfLast;
    this.reject = rejectOfLast;
    owner.deadlines.add(this, this.timeoutMs);
    if (request.signal) watchAbort(request.signal, this);
  }

  private get timeoutMs(): number {
    return Math.min(this.request.timeoutMs ?? this.owner.limits.timeoutMs, LONGEST_TIMEOUT_MS);
  }

  get hasEnded(): boolean {
    return this.isSettled;
  }

  /** Whether any of the reply has come. */
  get hasAnswer(): boolean {
    return this.head !== undefined;
  }

  /** From here on the request may arrive. */
  sentOn(carrier: Carrier, streamId: number): void {
    this.carrier = carrier;
    this.streamId = streamId;
  }

  /** The peer, or the connection, did not process it: it is as if it was never sent. */
  unsend(): void {
    this.carrier = undefined;
    this.streamId = 0;
    this.unsentBody = undefined;
    if (this.isAborted) this.failAborted();
  }

  onHead(head: ReplyHead): void {
    this.head = head;
  }

  /** The bytes are copied. */
  onData(bytes: Buffer, start: number, end: number): void {
    this.bodyBytes += end - start;
    const { replyBytes } = this.owner.limits;
    if (this.bodyBytes > replyBytes) {
      this.fail('reply-too-large', `The reply is larger than ${replyBytes} bytes`);
      return;
    }
    const chunk = Buffer.from(bytes.subarray(start, end));
    if (this.firstChunk === undefined) this.firstChunk = chunk;
    else (this.otherChunks ??= []).push(chunk);
  }

  /** False: there was no head, or the body was cut or has grown on its way (RFC 9113 section 8.1.1). */
  get isWhole(): boolean {
    if (this.head === undefined) return false;
    const { contentLength } = this.head;
    return contentLength === undefined || contentLength === this.bodyBytes;
  }

  /** The peer has said everything, and the stream is gone. */
  succeed(): void {
    if (this.isSettled || this.head === undefined) return;
    this.carrier = undefined;
    this.settle();
    this.resolve(new Reply(this.head, this.body));
  }

  private get body(): Buffer {
    const { firstChunk, otherChunks } = this;
    if (firstChunk === undefined) return NO_BODY;
    return otherChunks === undefined ? firstChunk : Buffer.concat([firstChunk, ...otherChunks]);
  }

  /** Whether its turn has come in time; fails it otherwise. */
  isInTime(): boolean {
    const { sendBefore } = this.request;
    if (sendBefore === undefined || performance.now() <= sendBefore) return true;
    this.fail('late', 'Its turn came too late for it to be sent');
    return false;
  }

  expire(): void {
    if (this.isAborted) return this.failAborted();
    const { carrier } = this;
    this.fail('timeout', `No answer within ${this.timeoutMs} ms`);
    carrier?.suspect();
  }

  /** What was not sent never is; what was sent may have arrived, and is worth a short wait for its answer. */
  abort(): void {
    if (this.isSettled) return;
    this.isAborted = true;
    const { limits, deadlines } = this.owner;
    if (this.carrier === undefined || limits.abortGraceMs === 0) {
      this.failAborted();
      return;
    }
    deadlines.remove(this);
    deadlines.add(this, limits.abortGraceMs);
  }

  private failAborted(): void {
    this.fail('aborted', 'The request was aborted', { cause: this.request.signal?.reason });
  }

  fail(fault: TransportFault, message: string, options?: ErrorOptions): void {
    if (this.isSettled) return;
    const { carrier } = this;
    this.settle();
    carrier?.cancel(this);
    this.reject(new TransportError(fault, message, carrier !== undefined, options));
  }

  private settle(): void {
    this.isSettled = true;
    this.owner.deadlines.remove(this);
    if (this.request.signal) unwatchAbort(this.request.signal, this);
    this.queue?.remove(this);
    this.owner.onSettled();
  }
}
