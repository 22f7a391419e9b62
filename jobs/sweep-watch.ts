/**
 * Sees to it that somebody sweeps. Agenda says when by the clocks of those who run its jobs: where one was wrong, the sweep may be
 * due in an hour, or locked until then by a process that is gone. Whoever sees it stand still, by a clock that never jumps, makes it
 * due for everybody.
 */
import type { mongo } from 'mongoose';
import type { JobParts } from './parts.js';

/** Where Agenda keeps it (jobs/agenda.ts). */
export const SWEEP_JOB = { collection: 'agenda_jobs', name: 'sweep' } as const;

interface SweepJob {
  readonly name: string;
  readonly nextRunAt: Date | null;
  readonly lastRunAt?: Date | null;
  /** Renewed while it runs. */
  readonly lockedAt?: Date | null;
}

/** Longer than a sweep that is alive keeps silent. */
const STILL_MS = 20_000;
/** Whoever did not look for so long cannot say what stood still: the database was away, or this process. */
const LOOKED_WITHIN_MS = 10_000;

const LONG_DUE = new Date(0);

const sweepJobs = (db: mongo.Db): mongo.Collection<SweepJob> =>
  db.collection<SweepJob>(SWEEP_JOB.collection);

export const createSweepWatch = ({
  db,
  monotonic,
  log,
}: Pick<JobParts, 'db' | 'monotonic' | 'log'>) => {
  let seen: { state: string; sinceMs: number } | undefined;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  return {
    async look(): Promise<void> {
      const job = await sweepJobs(db).findOne({ name: SWEEP_JOB.name });
      if (job == null) return;
      const { _id, nextRunAt, lastRunAt = null, lockedAt = null } = job;
      const state = JSON.stringify([nextRunAt, lastRunAt, lockedAt]);
      const hasLooked = monotonic() - lookedAtMs <= LOOKED_WITHIN_MS;
      lookedAtMs = monotonic();
      if (seen?.state !== state || !hasLooked) {
        seen = { state, sinceMs: monotonic() };
        return;
      }
      if (monotonic() - seen.sinceMs < STILL_MS) return;
      const { modifiedCount } = await sweepJobs(db).updateOne(
        { _id, nextRunAt, lastRunAt, lockedAt },
        { $set: { nextRunAt: LONG_DUE, lockedAt: null } },
      );
      if (modifiedCount === 1) log.warn('Nobody has swept for a while: some clock is wrong');
    },
  };
};
