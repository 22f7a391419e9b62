/** Gathers the outcomes of a batch into its report; answers that take long are reported later, in a batch of their own. */
import type { Outcome } from '../adapters/adapter.js';
import type { Batch } from '../models/batch.js';
import type { Task } from '../models/task.js';
import type { Again, BatchResult, Ended } from './batch-result.js';
import type { Pass } from './breaker.js';
import type { Bulkhead } from './bulkhead.js';
import { consequence, type TokenEffect } from './consequence.js';
import type { JobContext } from './context.js';
import { faultPoint } from './fault-point.js';
import { finishIfDone } from './finish.js';
import { vendorProfileOf } from './held-back.js';
import type { Held } from './in-flight.js';
import { report } from './report.js';
import type { Sending } from './send.js';
import type { BatchTargets, SendTarget } from './targets.js';
import type { Asked } from './token-guard.js';

/** What a dispatch asks of the slot that it runs in. */
export interface Slot {
  /** Follow-ups are due then: look again. */
  lookAgain(at: Date | undefined): void;
  readonly bulkhead: Bulkhead;
  /** For a batch that has waited for its pace: called when it is known how many of its devices go now. */
  readonly admitted?: (devices: number) => void;
}

export interface Verdicts extends BatchResult {
  ended: Ended[];
  again: Again[];
  tokens: { index: number; token: string; effect: TokenEffect }[];
  recovered: number[];
}

export const suppressedEnds = (batch: Batch, { suppressed }: BatchTargets): Ended[] =>
  suppressed.map((one) => ({
    ...one,
    state: batch.maybe ? ('unknown' as const) : ('suppressed' as const),
  }));

const judge = (
  task: Task,
  batch: Batch,
  targets: readonly SendTarget[],
  outcomes: ReadonlyMap<number, Outcome>,
): Verdicts => {
  const verdicts: Verdicts = { ended: [], again: [], tokens: [], recovered: [] };
  const situation = { ifUnsure: task.ifUnsure, maybe: batch.maybe };
  for (const { index, token, wasSuspect } of targets) {
    const outcome = outcomes.get(index);
    if (outcome == null) continue;
    const verdict = consequence(outcome, situation);
    if (verdict.kind === 'again') {
      verdicts.again.push({ index, ...verdict });
      continue;
    }
    verdicts.ended.push({ index, ...verdict });
    if (verdict.token != null) verdicts.tokens.push({ index, token, effect: verdict.token });
    if (wasSuspect && verdict.state === 'accepted') verdicts.recovered.push(index);
  }
  return verdicts;
};

/** Nobody waits for what other processes are told of it. */
const tellBreaker = (
  { context, task, batch, asked, pass, sentAtMs }: Sent,
  outcomes: Iterable<Outcome>,
): void => {
  // A vendor takes pushes back by rights and settings of its own: it says nothing about sending.
  if (task.recallOf != null) {
    void context.breaker.undecided(vendorProfileOf(batch), pass);
    return;
  }
  const { revision } = asked;
  const heard = { outcomes: [...outcomes], sentAtMs, revision, pass };
  void context.breaker.hear(vendorProfileOf(batch), heard);
};

export const settleWith = async (
  context: JobContext,
  task: Task,
  batch: Batch,
  verdicts: Verdicts,
  asked: Asked,
): Promise<{ written: boolean; stragglers?: Batch; nextAt?: Date }> => {
  const { written, taskEnded, ...rest } = await report(context, task, batch, verdicts);
  const isLast = context.inFlight.committed(batch._id);
  if (!written) return { written };
  // What a vendor says to a recall is no evidence of a token: some take back whatever they are told.
  if (task.recallOf == null) await context.guard.learn(batch, verdicts, asked);
  // Whatever goes on in a follow-up is still open.
  const goesOn = rest.stragglers != null || rest.nextAt != null;
  if (isLast && !goesOn && !taskEnded) await finishIfDone(context, task._id);
  return { written, ...rest };
};

const afterStragglerLimit = (sending: Sending, limitMs: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  return Promise.race([sending.all, limit]).finally(() => {
    clearTimeout(timer);
  });
};

/** The same devices at their new places in the batch of stragglers. */
const renumber = (
  targets: readonly SendTarget[],
  outcomes: ReadonlyMap<number, Outcome>,
): { targets: SendTarget[]; outcomes: Map<number, Outcome> } => {
  const moved = new Map<number, Outcome>();
  const renumbered = targets.map((target, index) => {
    const outcome = outcomes.get(target.index);
    if (outcome != null) moved.set(index, outcome);
    return { ...target, index };
  });
  return { targets: renumbered, outcomes: moved };
};

export interface Sent {
  context: JobContext;
  task: Task;
  batch: Batch;
  sorted: BatchTargets;
  asked: Asked;
  /** Not sent now, because one push is enough to ask whether the profile is well again. */
  spared: Again[];
  pass: Pass;
  /** Monotonic. */
  sentAtMs: number;
  sending: Sending;
  held: Held;
}

/** Waits for the stragglers, outside the loop that drains the lane. */
const followStragglers = async (
  sent: Sent,
  stragglers: Batch,
  slow: readonly SendTarget[],
  slot: Slot,
): Promise<void> => {
  const { context, task, sending } = sent;
  await sending.all;
  const { targets, outcomes } = renumber(slow, sending.outcomes);
  tellBreaker(sent, outcomes.values());
  const verdicts = judge(task, stragglers, targets, outcomes);
  const { nextAt } = await settleWith(context, task, stragglers, verdicts, sent.asked);
  slot.lookAgain(nextAt);
};

export const gather = async (sent: Sent, slot: Slot): Promise<void> => {
  const { context, task, batch, sorted, sending } = sent;
  await afterStragglerLimit(sending, context.parts.timings.stragglerMs);
  const outcomes = new Map(sending.outcomes);
  const slow = sorted.targets
    .filter(({ index }) => !outcomes.has(index))
    .sort((left, right) => left.index - right.index);
  // Whose turn has not come yet is not the vendor's delay.
  const unanswered = Math.max(0, sending.begun - outcomes.size);
  slot.bulkhead.heard(vendorProfileOf(batch), sorted.targets.length, unanswered);
  // The one push that asks may be slow: it has not answered yet.
  if (sent.pass === 'free' || slow.length === 0) tellBreaker(sent, outcomes.values());
  const verdicts = judge(task, batch, sorted.targets, outcomes);
  verdicts.ended.push(...suppressedEnds(batch, sorted));
  verdicts.again.push(...sent.spared);
  const { written, stragglers, nextAt } = await settleWith(
    context,
    task,
    batch,
    {
      ...verdicts,
      stragglers: slow.map(({ index }) => index),
    },
    sent.asked,
  );
  // Somebody else has it: what has not left yet is theirs to send.
  if (!written) sent.held.abort();
  slot.lookAgain(nextAt);
  if (stragglers == null) return;
  await faultPoint('stragglers:split');
  const held = context.inFlight.hold(stragglers._id, task._id);
  // A pause, a cancel or a stop reaches them through the signal they were sent under.
  const passOn = (): void => sent.held.abort();
  held.signal.addEventListener('abort', passOn);
  const followed = followStragglers(sent, stragglers, slow, slot)
    .catch((error: unknown) => {
      context.parts.log.error('Stragglers could not be reported', {
        taskId: task._id.toHexString(),
        error,
      });
    })
    .finally(() => held.release());
  slot.bulkhead.follow(vendorProfileOf(batch), slow.length, followed);
};
