/** Dispatch: claims a due batch, reads its devices afresh, sends, and reports what became of each. */
import type { Batch } from '../models/batch.js';
import { markSending, releaseBatch, unmarkSending } from '../models/lease.js';
import type { Task } from '../models/task.js';
import { badgeToCount, countBadges, noteBadges } from './badges.js';
import type { Again } from './batch-result.js';
import type { Pass } from './breaker.js';
import { withoutCapped } from './caps.js';
import type { JobContext } from './context.js';
import { profileKey } from './eligibility.js';
import { faultPoint } from './fault-point.js';
import { gather, type Slot, settleWith, suppressedEnds } from './gather.js';
import type { Known } from './hand-over.js';
import { admit, endAll, vendorProfileOf } from './held-back.js';
import type { Held } from './in-flight.js';
import { messageFor, type Variant } from './message.js';
import type { Share } from './pacing/pacing.js';
import { goesFirst } from './priority.js';
import type { OpenProfile } from './profiles.js';
import { sendingFor } from './recalling.js';
import { refusedTemplate } from './refused-template.js';
import { type Group, startSending } from './send.js';
import { type BatchTargets, knownTargets, readTargets, type SendTarget } from './targets.js';
import { taskOf } from './task-of.js';

interface Run {
  readonly held: Held;
  readonly slot: Slot;
  readonly pass: Pass;
  readonly known?: Known;
  /** Its pushes are with the adapter: nobody needs to give way to it any more. */
  readonly hasLeft: () => void;
}

/** Devices that were read longer ago are read again. Every erasure waits for so long: what is older knows of it. */
export const FRESH_MS = 500;

const freshOf = ({ parts }: JobContext, known: Known | undefined): Known | undefined =>
  known != null && parts.monotonic() - known.readAtMs <= FRESH_MS ? known : undefined;

/** What was read of a device longer ago is not acted on: it is read again in another batch. */
const TRUSTED_MS = 2_000;

const variantKey = ({ locale, data, badge }: Variant): string =>
  data == null && badge == null ? locale : `${locale}\n${JSON.stringify([data, badge])}`;

const groupsOf = (
  task: Task,
  open: OpenProfile,
  targets: readonly SendTarget[],
  { nowMs, sendBefore }: { nowMs: number; sendBefore: number },
): Group[] => {
  const groups = new Map<string, SendTarget[]>();
  for (const target of targets) {
    const key = variantKey(target.variant);
    const group = groups.get(key);
    if (group == null) groups.set(key, [target]);
    else group.push(target);
  }
  const compose = (variant: Variant) => messageFor(task, open.vendor, variant, nowMs);
  return [...groups.values()].map((targets): Group => {
    try {
      const message = { ...compose(targets[0]?.variant ?? { locale: '' }), sendBefore };
      return { message, targets };
    } catch (error) {
      return { targets, refused: refusedTemplate(error) };
    }
  });
};

/** Of a batch that asks whether a profile is well again, only one push is sent. */
const spareAllButProbe = (
  { breaker }: JobContext,
  batch: Batch,
  sorted: BatchTargets,
  pass: Pass,
): { sorted: BatchTargets; spared: Again[] } => {
  if (pass !== 'probe') return { sorted, spared: [] };
  const [probe, ...others] = sorted.targets;
  const spared = others.map(({ index }) => ({
    index,
    reason: breaker.codeOf(vendorProfileOf(batch)) ?? 'resting',
    afterMs: 0,
    countsAsAttempt: false,
    maybe: batch.maybe,
  }));
  return { sorted: { ...sorted, targets: probe == null ? [] : [probe] }, spared };
};

/** They are sent when nothing speaks against it any more, unless the task has expired by then. */
const againLater = (batch: Batch, { held }: BatchTargets): Again[] =>
  held.map(({ untilMs, ...wait }) => ({
    ...wait,
    afterMs: 0,
    countsAsAttempt: false,
    atMs: untilMs,
    maybe: batch.maybe,
  }));

/** One that was handed over is marked as being sent already: what fails before its first byte must not leave it unsure. */
const beforeSending = async <T>(
  { parts }: JobContext,
  batch: Batch,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    await unmarkSending(parts.db, batch).catch(() => false);
    throw error;
  }
};

/** A batch that is being sent from now on; null when the lease is lost. */
const begin = async (
  context: JobContext,
  task: Task,
  { batch, open, targets }: { batch: Batch; open: OpenProfile; targets: readonly SendTarget[] },
): Promise<{ batch: Batch; targets: readonly SendTarget[] } | null> => {
  const wish = badgeToCount(task, open);
  if (typeof wish === 'string') return countBadges(context, { task, batch, wish, targets });
  if (batch.state === 'sending' || (await markSending(context.parts.db, batch))) {
    return { batch, targets };
  }
  return null;
};

/** A device's time begins when it is due itself. */
const timedAs = (task: Task, { dueAt, expiresAt }: Batch): Task =>
  dueAt == null ? task : { ...task, scheduledAt: dueAt, expiresAt };

const send = async (
  context: JobContext,
  task: Task,
  { batch, permits }: Share,
  open: OpenProfile,
  { held, slot, pass, known, hasLeft }: Run,
): Promise<void> => {
  const { parts, breaker } = context;
  const fresh = freshOf(context, known);
  const readAtMs = fresh?.readAtMs ?? parts.monotonic();
  const asked = { readAt: fresh?.readAt ?? new Date(parts.now()), revision: open.revision };
  const read = fresh == null ? await readTargets(context, task, batch) : knownTargets(batch, fresh);
  const { sorted: chosen, spared: withoutProbe } = spareAllButProbe(context, batch, read, pass);
  const spared = [...withoutProbe, ...againLater(batch, read)];
  const sorted = await beforeSending(context, batch, () => withoutCapped(context, task, chosen));
  if (sorted.targets.length === 0) {
    await breaker.undecided(vendorProfileOf(batch), pass);
    const ended = suppressedEnds(batch, sorted);
    const verdicts = { ended, again: spared, tokens: [], recovered: [] };
    const { nextAt } = await settleWith(context, task, batch, verdicts, asked);
    slot.lookAgain(nextAt);
    return;
  }
  const nowMs = parts.now();
  // By the clock of transports, which a test of leases does not own.
  const sendBefore = performance.now() + TRUSTED_MS - (parts.monotonic() - readAtMs);
  const timed = timedAs(task, batch);
  const adapter = sendingFor(task, open.adapter());
  const begun = await beforeSending(context, batch, () =>
    begin(context, task, { batch, open, targets: sorted.targets }),
  );
  if (begun == null) {
    await breaker.undecided(vendorProfileOf(batch), pass);
    return;
  }
  const groups = groupsOf(timed, open, begun.targets, { nowMs, sendBefore });
  await faultPoint('dispatch:marked-sending');
  if (batch.first) {
    const since = timed.scheduledAt ?? timed.createdAt;
    parts.metrics.acceptToVendor((nowMs - since.getTime()) / 1_000);
  }
  const sentAtMs = parts.monotonic();
  let accepted = 0;
  const sending = startSending(adapter, groups, {
    signal: held.signal,
    heard(outcome) {
      if (outcome.kind === 'accepted') {
        accepted += 1;
        return;
      }
      parts.metrics.pushed(batch.vendor, outcome.kind);
      context.pacing.heard(batch, outcome);
    },
    ...(permits == null ? {} : { permits }),
  });
  // Not before the transport has had its turn.
  setImmediate(hasLeft);
  void sending.all.then(() => {
    if (accepted > 0) parts.metrics.pushed(batch.vendor, 'accepted', accepted);
    parts.metrics.vendorLatency(batch.vendor, (parts.monotonic() - sentAtMs) / 1_000);
  });
  const sent = {
    context,
    task,
    batch: begun.batch,
    sorted,
    asked,
    spared,
    sending,
    held,
    pass,
    sentAtMs,
  };
  if (!open.vendor.countsBadges) await noteBadges(context, task, begun);
  await gather(sent, slot);
};

/** Sends as much of a batch as its pace allows now; the rest waits. */
const sendShare = async (
  context: JobContext,
  task: Task,
  batch: Batch,
  open: OpenProfile,
  run: Run,
): Promise<void> => {
  const { admitted } = run.slot;
  const share = await context.pacing.admit(task, batch, open, { fetched: admitted != null });
  admitted?.(share?.batch.size ?? 0);
  if (share == null) {
    await context.breaker.undecided(vendorProfileOf(batch), run.pass);
    return;
  }
  try {
    await send(context, task, share, open, run);
  } finally {
    share.leave();
  }
};

/**
 * What was handed over and could not be sent at once (a commit that was long in coming) goes the way of all others: much may
 * have happened to it. Null when somebody else has taken it over.
 */
const withoutKnown = async ({ parts }: JobContext, batch: Batch): Promise<Batch | null> =>
  (await unmarkSending(parts.db, batch)) ? { ...batch, state: 'claimed' } : null;

const dispatchBatch = async (
  context: JobContext,
  claimed: Batch,
  given: Omit<Run, 'pass'>,
): Promise<void> => {
  const { profiles, breaker } = context;
  const { known: _, ...unknowing } = given;
  const isStale = given.known != null && freshOf(context, given.known) == null;
  const run: Omit<Run, 'pass'> = isStale ? unknowing : given;
  const batch = isStale ? await withoutKnown(context, claimed) : claimed;
  if (batch == null) return;
  const task = run.known?.task ?? (await taskOf(context, batch));
  if (task == null) return;
  // What accept hands over has passed already.
  const pass = run.known == null ? await admit(context, task, batch) : 'free';
  if (pass == null) return;
  try {
    const open = (await profiles.of(batch.app)).get(profileKey(batch.vendor, batch.profile));
    if (open != null) {
      await sendShare(context, task, batch, open, { ...run, pass });
      return;
    }
    await endAll(context, task, batch, 'suppressed', 'vendor-not-configured');
  } catch (error) {
    // It may have been the probe of its profile, which others wait for.
    await breaker.undecided(vendorProfileOf(batch), pass);
    throw error;
  }
};

/**
 * Sends a batch that was just claimed, or handed over by accept with what it knows; never rejects. After an unforeseen
 * failure one that was only claimed is due again in a moment; one that was being sent is left to its dying lease, because
 * its devices may have got the push.
 */
export const dispatchClaimed = async (
  context: JobContext,
  batch: Batch,
  slot: Slot,
  known?: Known,
): Promise<void> => {
  const { parts } = context;
  const held = context.inFlight.hold(batch._id, batch.task);
  const isFirst = goesFirst(batch.lane, batch.size);
  const hasLeft = isFirst ? context.priority.begin() : () => undefined;
  try {
    await faultPoint('dispatch:claimed');
    const run = { held, slot, hasLeft, ...(known == null ? {} : { known }) };
    await dispatchBatch(context, batch, run);
  } catch (error) {
    // Nothing more of it leaves beside whoever takes it over.
    held.abort();
    parts.log.error('A batch could not be dispatched', { taskId: batch.task.toHexString(), error });
    await releaseBatch(parts.db, batch, {
      state: 'due',
      notBefore: new Date(parts.now() + parts.timings.watchMs),
    }).catch(() => false);
  } finally {
    hasLeft();
    held.release();
  }
};
