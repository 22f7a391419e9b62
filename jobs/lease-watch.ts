/** Watches everybody's leases with this process's monotonic clock, and takes over what dead workers left. */
import { endAbandonedTransactions } from '../models/abandoned-transactions.js';
import {
  freeTask,
  heldLeases,
  releaseBatch,
  resendUnsure,
  type SeenLease,
  seizeBatch,
} from '../models/lease.js';
import type { JobContext } from './context.js';
import { faultPoint } from './fault-point.js';
import { settleUnsure } from './held-back.js';
import { taskOf } from './task-of.js';

interface Observation {
  beat: number;
  fence: number;
  sinceMs: number;
}

const keyOf = ({ kind, _id }: SeenLease): string => `${kind}/${_id.toString('hex')}`;

/** Decides from successive looks which leases are dead. Pure but for its memory. */
export const createObserver = (leaseMs: number, longestGapMs: number) => {
  let seen = new Map<string, Observation>();
  let lastLookMs = Number.NEGATIVE_INFINITY;
  return {
    /** The leases that are dead at `nowMs` (monotonic). */
    look(leases: readonly SeenLease[], nowMs: number): SeenLease[] {
      // While nobody could read, nobody could beat either: time that was not watched does not count.
      const watched = nowMs - lastLookMs <= longestGapMs;
      lastLookMs = nowMs;
      const next = new Map<string, Observation>();
      const dead = leases.filter((lease) => {
        const before = seen.get(keyOf(lease));
        const isSame =
          watched && before != null && before.beat === lease.beat && before.fence === lease.fence;
        const sinceMs = isSame ? before.sinceMs : nowMs;
        next.set(keyOf(lease), { beat: lease.beat, fence: lease.fence, sinceMs });
        return nowMs - sinceMs >= leaseMs;
      });
      seen = next;
      return dead;
    },
  };
};

const recoverBatch = async (
  context: JobContext,
  lease: SeenLease & { kind: 'batch' },
): Promise<void> => {
  const { db, owner, log } = context.parts;
  const batch = await seizeBatch(db, lease, owner);
  if (batch == null) return;
  await faultPoint('watch:seized');
  const taskId = batch.task.toHexString();
  log.warn('Took over a batch of a worker that died', { taskId, was: batch.state });
  if (batch.state === 'claimed') {
    await releaseBatch(db, batch, { state: 'due' });
    return;
  }
  const task = await taskOf(context, batch);
  if (task == null) return;
  if (task.ifUnsure === 'resend') await resendUnsure(db, batch);
  else await settleUnsure(context, task, batch);
};

export interface LeaseWatch {
  /** One look; true when something was taken over. */
  look(): Promise<boolean>;
}

export const createLeaseWatch = (context: JobContext): LeaseWatch => {
  const { db, connection, timings, monotonic, log } = context.parts;
  // Long before the leases of their process are dead, so that nothing is locked by the time they are taken over.
  const endAbandoned = async (): Promise<void> => {
    try {
      const count = await endAbandonedTransactions(connection, timings.leaseMs / 2);
      if (count > 0) log.warn('Ended transactions of a process that died or hangs', { count });
    } catch (error) {
      log.debug('Abandoned transactions could not be ended; MongoDB does it in a minute', {
        error,
      });
    }
  };
  const observer = createObserver(timings.leaseMs, 3 * timings.watchMs);
  return {
    async look() {
      await endAbandoned();
      const dead = observer.look(await heldLeases(db), monotonic());
      for (const lease of dead) {
        if (lease.kind === 'task') await freeTask(db, lease);
        else await recoverBatch(context, lease);
      }
      return dead.length > 0;
    },
  };
};
