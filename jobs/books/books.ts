/** What a check of the books works with. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Connection, mongo } from 'mongoose';
import { dbOf } from '../../models/database.js';
import { DEFAULT_TIMINGS, type Timings } from '../parts.js';

export interface Books {
  readonly connection: Connection;
  readonly db: mongo.Db;
  readonly now: () => number;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
  readonly pause: (ms: number) => Promise<unknown>;
  /** Those of the gateway: within them its workers mend by themselves what the check may catch in the middle. */
  readonly timings: Pick<Timings, 'leaseMs' | 'watchMs' | 'sweepMs'>;
  /** The rows of one task are counted for no longer than this; absent: as long as it takes. */
  readonly rowsWithinMs?: number;
}

export const booksOf = (connection: Connection, change: Partial<Books> = {}): Books => ({
  connection,
  db: dbOf(connection),
  now: Date.now,
  monotonic: () => performance.now(),
  pause,
  timings: DEFAULT_TIMINGS,
  ...change,
});
