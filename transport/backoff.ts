/** After failures to connect, how long nobody tries again; and what the last failure was. */
import type { TransportError } from './transport.js';

export interface BackoffLimits {
  readonly firstBackoffMs: number;
  readonly longestBackoffMs: number;
}

export class Backoff {
  private failures = 0;
  private untilMs = 0;
  private last: TransportError | undefined;

  constructor(
    private readonly limits: BackoffLimits,
    /** Monotonic milliseconds. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The failure that is still being waited out, if any. */
  get waitingOut(): TransportError | undefined {
    return this.last && this.now() < this.untilMs ? this.last : undefined;
  }

  failed(error: TransportError): void {
    const { firstBackoffMs, longestBackoffMs } = this.limits;
    const pauseMs = Math.min(firstBackoffMs * 2 ** this.failures, longestBackoffMs);
    this.failures += 1;
    this.last = error;
    // Processes that lost the same peer at the same moment must not come back in step.
    this.untilMs = this.now() + pauseMs * (0.75 + Math.random() / 4);
  }

  succeeded(): void {
    this.failures = 0;
    this.last = undefined;
  }
}
