/** What can be set on a transport, and what holds when it is not. */

export interface TransportOptions {
  /** Whether connections to private, loopback and reserved addresses are allowed. */
  readonly allowPrivateEndpoints?: boolean;
  /** A request's deadline unless it brings its own `timeoutMs`. */
  readonly timeoutMs?: number;
  /** DNS, TCP, proxy, TLS and the peer's first SETTINGS together. */
  readonly connectTimeoutMs?: number;
  /** How long `close()` waits for running requests before it fails them. */
  readonly closeTimeoutMs?: number;
  /** How long a request that was sent before its signal aborted is still waited for. */
  readonly abortGraceMs?: number;
  /** The largest body of a reply. */
  readonly replyBytes?: number;
  /** A connection that has been silent for this long is pinged. */
  readonly pingIntervalMs?: number;
  /** A ping that is not answered within this time destroys its connection. */
  readonly pingTimeoutMs?: number;
  /** A connection without requests for this long is closed. */
  readonly idleTimeoutMs?: number;
  /** Requests on one connection at a time, where the peer allows more. */
  readonly streamsPerConnection?: number;
  /**
   * Connections to one origin at a time, where streams are what limits the rate; one that only finishes its last requests
   * does not count. The transport over node:http2 never uses more than one.
   */
  readonly connectionsPerOrigin?: number;
  /** After so many requests a connection is replaced; HTTP/2 allows no more than 2^30 - 1. */
  readonly requestsPerConnection?: number;
  /** The pause after the first failure to connect; each further one doubles it. */
  readonly firstBackoffMs?: number;
  readonly longestBackoffMs?: number;
}

export type TransportSettings = Required<TransportOptions>;

const DEFAULTS: TransportSettings = {
  allowPrivateEndpoints: false,
  timeoutMs: 30_000,
  connectTimeoutMs: 10_000,
  closeTimeoutMs: 5_000,
  abortGraceMs: 2_000,
  replyBytes: 1024 * 1024,
  pingIntervalMs: 60_000,
  pingTimeoutMs: 10_000,
  idleTimeoutMs: 10 * 60_000,
  streamsPerConnection: 1_000,
  // A round trip of 80 ms and a thousand streams each carry 12,500 requests a second on a connection.
  connectionsPerOrigin: 16,
  // A client has 2^30 stream ids and uses one more for nothing: https://www.rfc-editor.org/rfc/rfc9113#section-5.1.1
  requestsPerConnection: 2 ** 30 - 1,
  firstBackoffMs: 100,
  longestBackoffMs: 10_000,
};

/** Fills in the defaults; an option that is present but undefined counts as not given. */
export const withDefaults = (options: TransportOptions): TransportSettings => ({
  ...DEFAULTS,
  ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
});
