/** Frames that cost work and bring nothing: a peer that sends them without end is cut off (RFC 9113 section 10.5). */
import { ConnectionError } from './connection-error.js';
import { ERROR } from './frames.js';

const MOST_IN_A_PERIOD = 10_000;
const PERIOD_MS = 10_000;

export class Nuisance {
  private count = 0;
  private sinceMs = 0;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** One more. Throws ConnectionError when they are too many. */
  add(): void {
    if (this.count === 0) this.sinceMs = this.now();
    this.count += 1;
    if (this.count <= MOST_IN_A_PERIOD) return;
    if (this.now() - this.sinceMs < PERIOD_MS) {
      throw new ConnectionError(ERROR.enhanceYourCalm, 'Too many frames that bring nothing');
    }
    this.count = 0;
  }

  /** Something useful came. */
  forgive(): void {
    this.count = 0;
  }
}
