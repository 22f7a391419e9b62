/**
 * When an origin deserves more connections: requests have waited for a stream during a whole interval, answers came all the
 * while, and this thread had time to spare. Then the way is long and streams are what limits the rate. Where the thread is
 * busy, or nobody answers, more connections would carry no more.
 */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';

const INTERVAL_MS = 100;
const BUSY = 0.8;

export class Growth {
  private timer: NodeJS.Timeout | undefined;
  private hasRunDry = false;
  private answersBefore = 0;
  private loopBefore: EventLoopUtilization | undefined;

  constructor(
    /** How many answers have come on all connections in use. */
    private readonly answers: () => number,
    private readonly grow: () => void,
  ) {}

  /** A request has to wait for a stream. */
  queueing(): void {
    if (this.timer === undefined) this.watch();
  }

  /** Nobody waits any more. */
  ranDry(): void {
    this.hasRunDry = true;
  }

  private watch(): void {
    this.hasRunDry = false;
    this.answersBefore = this.answers();
    this.loopBefore = performance.eventLoopUtilization();
    this.timer = setTimeout(this.look, INTERVAL_MS).unref();
  }

  private readonly look = (): void => {
    this.timer = undefined;
    if (this.hasRunDry) return;
    const { utilization } = performance.eventLoopUtilization(this.loopBefore);
    const isWorthIt = utilization < BUSY && this.answers() > this.answersBefore;
    this.watch();
    if (isWorthIt) this.grow();
  };
}
