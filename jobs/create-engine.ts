/** Puts the stages of a push together into the engine of one process. */
import { setTimeout as pause } from 'node:timers/promises';
import { BATCHES, batches, batchIndexes } from '../models/batch.js';
import { CAP_COUNTS, capCountIndexes } from '../models/cap-counts.js';
import { beat } from '../models/lease.js';
import { readLedger } from '../models/ledger.js';
import { PACING, pacingIndexes } from '../models/pacing.js';
import { parkedIndexes } from '../models/parked.js';
import { repeated } from '../models/repeated.js';
import { RESTS, restIndexes, restsOfApp } from '../models/rest.js';
import { LANES, type Task } from '../models/task.js';
import { namesOfProfile } from '../models/vendor-profile.js';
import { signIn, signOut, WORKERS, workerIndexes } from '../models/worker.js';
import { accept, checkTask } from './accept.js';
import { createWakes } from './agenda.js';
import { createAppSecrets } from './app-secrets.js';
import { createAppSettings } from './app-settings.js';
import { createBreaker } from './breaker.js';
import { approveCampaign, controlCampaign } from './campaigns/control.js';
import { takeEvents } from './campaigns/take-events.js';
import { createTriggers } from './campaigns/triggers.js';
import type { JobContext } from './context.js';
import { control, obeyControls } from './control.js';
import { deliveryRows, deviceDeliveryRows } from './deliveries.js';
import type { Engine } from './engine.js';
import { erase } from './erase.js';
import { CLOSED_DOOR } from './hand-over.js';
import { createInFlight } from './in-flight.js';
import { createLanes } from './lanes.js';
import { createLeaseWatch } from './lease-watch.js';
import { createPacing } from './pacing/pacing.js';
import { setTaskRate } from './pacing/task-rate.js';
import type { JobParts } from './parts.js';
import { preview } from './preview/preview.js';
import { createPriority } from './priority.js';
import { createProfiles } from './profiles.js';
import { createPurposes } from './purposes.js';
import { createQuietHours } from './quiet.js';
import { createReads } from './reads.js';
import { recall } from './recall.js';
import { keepDeliveries } from './retention.js';
import { createSweepWatch } from './sweep-watch.js';
import { createTicks } from './ticks.js';
import { TOKEN_EVIDENCE, tokenEvidenceIndexes } from './token-evidence.js';
import { createTokenGuard } from './token-guard.js';
import { tryTemplate } from './try-template.js';
import { createWrites } from './writes.js';

const createContext = (parts: JobParts, stopping: AbortSignal, due: () => void): JobContext => {
  const priority = createPriority(parts.monotonic);
  const settings = createAppSettings(parts);
  return {
    parts,
    priority,
    profiles: createProfiles(parts),
    secrets: createAppSecrets(parts.db, parts.secretBox),
    settings,
    breaker: createBreaker(parts, {
      changed: (profile, state) => {
        const names = namesOfProfile(profile);
        parts.metrics.breaker(names.app, names.vendor, names.profile, state);
      },
      due,
    }),
    guard: createTokenGuard(parts),
    inFlight: createInFlight(),
    pacing: createPacing(parts, stopping),
    purposes: createPurposes(parts),
    quiet: createQuietHours(settings),
    reads: createReads(parts.db, priority),
    triggers: createTriggers(parts),
    writes: createWrites(parts.connection, priority),
    stopping,
  };
};

/** Some of these, and the worker is missed (models/worker.ts). */
const SIGN_IN_EVERY_MS = 10_000;

/** A database that answers later is not ready. */
const READY_WITHIN_MS = 2_000;

/** Indexes of the collections that Mongoose does not know. */
const createIndexes = async ({ db }: JobParts): Promise<void> => {
  await db.collection(BATCHES).createIndexes([...batchIndexes, ...parkedIndexes]);
  await db.collection(PACING).createIndexes(pacingIndexes);
  await db.collection(CAP_COUNTS).createIndexes(capCountIndexes);
  await db.collection(TOKEN_EVIDENCE).createIndexes(tokenEvidenceIndexes);
  await db.collection(RESTS).createIndexes(restIndexes);
  await db.collection(WORKERS).createIndexes(workerIndexes);
};

export const createEngine = (parts: JobParts): Engine => {
  const stopping = new AbortController();
  const context = createContext(parts, stopping.signal, () => wake());
  const { db, timings } = parts;
  const lanes = createLanes(context);
  const wakes = createWakes(context, lanes);
  const watch = createLeaseWatch(context);
  const sweepWatch = createSweepWatch(parts);
  const sends = parts.lanes.length > 0;

  const wake = (task?: Pick<Task, 'planned' | 'lane'>): void => {
    const called = task == null ? LANES : [task.lane];
    if (called.some((lane) => parts.lanes.includes(lane))) {
      if (task == null) lanes.wake();
      else if (task.planned) lanes.wakeLane(task.lane);
      else lanes.wakePlanner();
    }
    wakes.call(called);
  };
  const lookAtBreaker = (): Promise<void> =>
    context.breaker.look().catch((error: unknown) => {
      parts.log.warn('It is not known which vendor profiles rest; the next look tells', { error });
    });
  const stayIn = async (): Promise<void> => {
    if (stopping.signal.aborted) return;
    await signIn(db, parts.owner, parts.lanes).catch((error: unknown) => {
      parts.log.warn('This worker could not say that it works; it says so again', { error });
    });
  };
  const ticks = createTicks(parts.log, [
    {
      name: 'beat',
      everyMs: timings.beatMs,
      work: () => beat(db, parts.owner, context.inFlight.held()),
    },
    {
      name: 'sign in',
      everyMs: SIGN_IN_EVERY_MS,
      work: stayIn,
    },
    { name: 'breaker', everyMs: timings.breakerMs, work: () => context.breaker.look() },
    { name: 'token evidence', everyMs: timings.sweepMs, work: () => context.guard.flush() },
    { name: 'pacing', everyMs: timings.controlMs, work: () => context.pacing.refresh() },
    { name: 'control', everyMs: timings.controlMs, work: () => obeyControls(context) },
    { name: 'sweep watch', everyMs: timings.watchMs, work: () => sweepWatch.look() },
    {
      name: 'lease watch',
      everyMs: timings.watchMs,
      work: async () => {
        if (await watch.look()) wake();
      },
    },
  ]);

  const stopOrderly = async (): Promise<void> => {
    stopping.abort();
    await wakes.stop();
    await lanes.stop();
    await context.inFlight.idle();
    await ticks.stop();
    if (sends) {
      await signOut(db, parts.owner).catch((error: unknown) => {
        parts.log.warn('It still seems to work, for a minute', { error });
      });
    }
    await context.guard.flush().catch((error: unknown) => {
      parts.log.warn('Evidence about tokens could not be kept', { error });
    });
    await context.profiles.close();
  };

  return {
    async accept(request, session) {
      const door = sends ? lanes : CLOSED_DOOR;
      const { task, waits } = await accept(context, request, { session, door });
      if (session == null && waits) wake(task);
      return task;
    },
    async check(request) {
      await checkTask(context, request);
    },
    preview: (request) => preview(context, request),
    wake,
    async approveCampaign(request) {
      const campaign = await approveCampaign(context, request);
      context.triggers.changed(request.app);
      wake();
      return campaign;
    },
    async controlCampaign(request) {
      const campaign = await controlCampaign(context, request);
      context.triggers.changed(request.app);
      wake();
      return campaign;
    },
    takeEvents: (app, events) => takeEvents(context, app, events),
    async control(app, task, verb) {
      const changed = await control(context, app, task, verb);
      wake();
      return changed;
    },
    async recall(request) {
      const task = await recall(context, request);
      wake();
      return task;
    },
    erase: (app, what) => erase(context, app, what),
    async setRate(app, task, ratePerSecond) {
      const changed = await setTaskRate(db, { app, task }, ratePerSecond);
      if (sends) void context.pacing.refresh().catch(() => undefined);
      return changed;
    },
    async tryTemplate(app, message, options) {
      const profiles = await context.profiles.of(app);
      return tryTemplate(message, [...profiles.values()], { ...options, nowMs: parts.now() });
    },
    report: ({ _id }) => readLedger(db, _id),
    deliveries: (task, filter) => deliveryRows(db, task, filter),
    deviceDeliveries: (device, options) => deviceDeliveryRows(db, device, options),
    appChanged(app) {
      context.purposes.changed(app);
      context.settings.changed(app);
    },
    vendorChanged(app) {
      context.profiles.changed(app);
      if (sends) void context.pacing.refresh().catch(() => undefined);
      // Others see it at their next look.
      if (sends) void lookAtBreaker();
      wake();
    },
    rests: (app) => restsOfApp(db, app),
    async ready() {
      await batches(db).findOne(
        { state: 'due' },
        { projection: { _id: 1 }, maxTimeMS: READY_WITHIN_MS },
      );
      await wakes.ready();
    },
    async start() {
      await repeated(() => createIndexes(parts));
      await repeated(() => keepDeliveries(parts));
      await wakes.start();
      if (!sends) return;
      await lookAtBreaker();
      await stayIn();
      ticks.start();
      lanes.wake();
    },
    async stop(withinMs) {
      const abort = setTimeout(() => context.inFlight.abortAll(), withinMs / 2);
      const limit = new AbortController();
      const tooLate = pause(withinMs, 'too late', { signal: limit.signal }).catch(() => undefined);
      if ((await Promise.race([stopOrderly(), tooLate])) === 'too late') {
        parts.log.warn('Not everything ended in time; its leases run out and others go on with it');
      }
      clearTimeout(abort);
      limit.abort();
    },
  };
};
