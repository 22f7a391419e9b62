/** Agenda wakes, it does not carry: its jobs tell processes to look for work, and their number does not grow with tasks. */
import { MongoBackend, MongoChangeStreamNotificationChannel } from '@agendajs/mongo-backend';
import { Agenda } from 'agenda';
import type { Lane } from '../models/task.js';
import { type Calls, createCalls, dispatchJob, planJob } from './calls.js';
import type { JobContext } from './context.js';
import type { Lanes } from './lanes.js';
import { forgetEndedBlocks, keepDeliveries } from './retention.js';
import { sweep } from './sweep.js';

const COLLECTION = 'agenda_jobs';
/** Agenda's locks protect nothing of ours; this one only says how soon another process may take the wake-up. */
const LOCK_MS = 15_000;
/** Only repeated jobs depend on it: a job that is saved is heard of at once through the change stream. */
const POLL_MS = 1_000;

/** Agenda compares with the clock of the machine that runs the job. */
const DUE_BY_ANY_CLOCK = new Date(0);

export interface Wakes {
  start(): Promise<void>;
  /** Rejects, in words, while Agenda does not run. */
  ready(): Promise<void>;
  /**
   * Tells workers of other processes that there is work in these lanes: at once when this one does not serve them, else when there
   * is more of it than it gets done soon. Coalesced.
   */
  call(lanes: readonly Lane[]): void;
  stop(): Promise<void>;
}

/** Agenda gives locks back without waiting for it, and a rejection that nobody handles ends the process. */
const forgiving = (backend: MongoBackend, log: JobContext['parts']['log']): MongoBackend => {
  const { repository } = backend;
  const unlock = repository.unlockJob.bind(repository);
  repository.unlockJob = (job) =>
    unlock(job).catch((error: unknown) => {
      log.warn('A lock of Agenda could not be given back; it runs out', { error });
    });
  return backend;
};

const newAgenda = ({ parts }: JobContext): Agenda => {
  // The backend's own driver is another copy of the one that Mongoose brings; the objects are the same.
  const mongo = parts.db as never;
  const agenda = new Agenda({
    backend: forgiving(new MongoBackend({ mongo, collection: COLLECTION }), parts.log),
    notificationChannel: new MongoChangeStreamNotificationChannel({
      db: mongo,
      collection: COLLECTION,
    }),
    name: parts.owner,
    processEvery: POLL_MS,
    defaultLockLifetime: LOCK_MS,
    removeOnComplete: true,
  });
  agenda.on('error', (error) => {
    parts.log.warn('Agenda is in trouble; the sweep goes on', { error });
  });
  return agenda;
};

const defineJobs = (agenda: Agenda, context: JobContext, lanes: Lanes, calls: Calls): void => {
  const options = { lockLifetime: LOCK_MS, concurrency: 1, lockLimit: 1, removeOnComplete: true };
  const define = (name: string, work: () => Promise<void>): void => {
    agenda.define(
      name,
      async (job) => {
        const touch = setInterval(() => void job.touch().catch(() => undefined), LOCK_MS / 3);
        try {
          await work();
        } finally {
          clearInterval(touch);
        }
      },
      options,
    );
  };
  for (const lane of context.parts.lanes) {
    define(dispatchJob(lane), async () => {
      lanes.wakeLane(lane);
      await lanes.drained(lane);
    });
    define(planJob(lane), async () => {
      lanes.wakePlanner();
      await lanes.drained('plan');
    });
  }
  define('sweep', async () => {
    const busy = await sweep(context);
    if (busy.length === 0) return;
    lanes.wake();
    calls.call(busy);
  });
  define('retention', async () => {
    await keepDeliveries(context.parts);
    await forgetEndedBlocks(context.parts);
  });
};

export const createWakes = (context: JobContext, lanes: Lanes): Wakes => {
  const { parts } = context;
  const agenda = newAgenda(context);
  const sends = parts.lanes.length > 0;
  let started: Promise<unknown> | undefined;
  let isStarted = false;

  const save = async (name: string, slot: number): Promise<void> => {
    await started;
    await agenda
      .create(name, { slot })
      .unique({ 'data.slot': slot }, { insertOnly: true })
      .schedule(DUE_BY_ANY_CLOCK)
      .save();
  };
  const calls = createCalls(parts, lanes, save);

  return {
    async start() {
      if (!sends) {
        started = agenda.ready;
        await started;
        isStarted = true;
        return;
      }
      defineJobs(agenda, context, lanes, calls);
      started = agenda.start();
      await started;
      await agenda.every(parts.timings.sweepMs, 'sweep', undefined, { skipImmediate: false });
      await agenda.every('1 day', 'retention', undefined, { skipImmediate: true });
      isStarted = true;
    },
    async ready() {
      const runs = isStarted && (!sends || agenda.isActiveJobProcessor());
      if (!runs) throw new Error('Agenda does not run');
    },
    call: (called) => calls.call(called),
    async stop() {
      isStarted = false;
      calls.stop();
      await agenda.stop();
    },
  };
};
