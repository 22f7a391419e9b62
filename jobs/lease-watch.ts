/** Watches everybody's leases with this process's monotonic clock, and takes over what dead workers left. */
import {
  freeTask,
  heldLeases,
  releaseBatch,
  resendUnsure,
  type SeenLease,
  seizeBatch,
  tasks,
} from '../models/lease.js';
import type { JobContext } from './context.js';
import { faultPoint } from './fault-point.js';
import { settleUnsure } from './held-back.js';

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
  const task = await tasks(db).findOne({ _id: batch.task });
  if (task == null) return;
  if (task.ifUnsure === 'resend') await resendUnsure(db, batch);
  else await settleUnsure(context, task, batch);
};

export interface LeaseWatch {
  /** One look; true when something was taken over. */
  look(): Promise<boolean>;
}

export const createLeaseWatch = (context: JobContext): LeaseWatch => {
  const { db, timings, monotonic } = context.parts;
  const observer = createObserver(timings.leaseMs, 3 * timings.watchMs);
  return {
    async look() {
      const dead = observer.look(await heldLeases(db), monotonic());
      for (const lease of dead) {
        if (lease.kind === 'task') await freeTask(db, lease);
        else await recoverBatch(context, lease);
      }
      return dead.length > 0;
    },
  };
};
