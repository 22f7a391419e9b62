/** What a transport is: many small HTTP/2 requests to few origins. It knows nothing of push. */

/** Where requests go, and which of them may share a connection. Same fields = same pool. */
export interface Origin {
  /** `https://host[:port]`, no path. */
  readonly url: string;
  /** Requests with different credentials never share a connection (APNs binds a connection to a team). */
  readonly credential: string;
  readonly tls?: {
    /** PEM of authorities to trust besides the usual ones. */
    readonly ca?: string;
    /** PEM of a client certificate and its key; or both in `pfx`. */
    readonly cert?: string;
    readonly key?: string;
    readonly pfx?: Buffer;
    readonly passphrase?: string;
  };
  /**
   * An HTTP CONNECT proxy, `http://[user:password@]host:port`. The operator's choice, never a tenant's: its own address
   * may be private.
   */
  readonly proxy?: string;
}

export interface TransportRequest {
  readonly path: string;
  /** Lower-case names. Pseudo headers, `content-length` and `host` are the transport's. The method is POST. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** Answer within, in milliseconds from the call; default 30,000. */
  readonly timeoutMs?: number;
  /** Not sent any more once `performance.now()` is past it; it then fails as `late`. A request that is sent has its whole time. */
  readonly sendBefore?: number;
  /** On abort, what was not sent never is; what was sent is waited for a moment longer, because it may have arrived. */
  readonly signal?: AbortSignal;
}

export interface TransportReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** One of them, where that costs less than to lay out all: see `headerOf`. */
  header?(name: string): string | undefined;
  /** At most the transport's reply cap, 1 MiB by default. */
  readonly body: Buffer;
}

/** A header of a reply by its lower-case name. */
export const headerOf = (reply: TransportReply, name: string): string | undefined =>
  reply.header === undefined ? reply.headers[name] : reply.header(name);

export type TransportFault =
  | 'connect' // no connection: DNS, TCP, TLS, proxy
  | 'forbidden' // the address is private or loopback, and that is not allowed
  | 'refused' // the peer did not process it (REFUSED_STREAM, above a GOAWAY's last stream) and repeating did not help
  | 'reset' // stream or connection broke before the answer was complete
  | 'timeout'
  | 'aborted'
  | 'late' // its turn came after `sendBefore`; nothing was sent
  | 'reply-too-large'
  | 'closed' // the transport itself is closing
  | 'invalid'; // a path or header that HTTP/2 cannot carry; nothing was sent

/** A request without an answer. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  constructor(
    readonly fault: TransportFault,
    message: string,
    /** False only when not a byte of the request can have been processed. */
    readonly mayHaveArrived: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface Transport {
  /** Rejects with TransportError only. */
  request(origin: Origin, request: TransportRequest): Promise<TransportReply>;
  /** Resolves when a connection takes requests, or none can be had now; never rejects. */
  ready(origin: Origin): Promise<void>;
  /** New requests to this origin use new connections; running ones finish on the old. */
  renew(origin: Origin): void;
  /** Waits for running requests, then closes; new ones are refused. */
  close(): Promise<void>;
}
