/** Pings a connection that has fallen silent, and destroys it when the ping is not answered. */

/** A session of node:http2 is one. */
export interface Pingable {
  readonly closed: boolean;
  readonly destroyed: boolean;
  ping(onAnswer: () => void): unknown;
  destroy(error: Error): void;
}

export interface KeepAliveTimes {
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
}

export interface KeepAlive {
  /** The peer gave a sign of life. */
  heard(): void;
  /** Pings now, unless a ping is under way. */
  ping(): void;
  stop(): void;
}

export const keepAlive = (session: Pingable, times: KeepAliveTimes): KeepAlive => {
  let hasHeard = false;
  let isPinging = false;
  let overdue: NodeJS.Timeout | undefined;

  const giveUp = (): void => {
    if (!isPinging || session.closed) return;
    session.destroy(new Error(`A ping was not answered within ${times.pingTimeoutMs} ms`));
  };
  const ping = (): void => {
    if (isPinging || session.closed || session.destroyed) return;
    isPinging = true;
    // After a pause of the whole process the answer may wait unread in the socket: one turn of the loop reads it.
    overdue = setTimeout(() => setImmediate(giveUp), times.pingTimeoutMs).unref();
    session.ping(() => {
      clearTimeout(overdue);
      isPinging = false;
    });
  };
  const turn = setInterval(() => {
    if (!hasHeard) ping();
    hasHeard = false;
  }, times.pingIntervalMs).unref();

  return {
    heard() {
      hasHeard = true;
    },
    ping,
    stop() {
      clearInterval(turn);
      clearTimeout(overdue);
    },
  };
};
