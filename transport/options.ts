/** What can be set on the transport over node:http2, and what holds when it is not. */

export interface NodeTransportOptions {
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
  /** The pause after the first failure to connect; each further one doubles it. */
  readonly firstBackoffMs?: number;
  readonly longestBackoffMs?: number;
}

export type TransportSettings = Required<NodeTransportOptions>;

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
  firstBackoffMs: 100,
  longestBackoffMs: 10_000,
};

/** Fills in the defaults; an option that is present but undefined counts as not given. */
export const withDefaults = (options: NodeTransportOptions): TransportSettings => ({
  ...DEFAULTS,
  ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
});
