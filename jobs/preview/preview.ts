/** Preview: whom a task would reach if it were sent, and why not the others. Nothing is written, nothing is sent. */
import type { Types } from 'mongoose';
import type { Task } from '../../models/task.js';
import { checkTask } from '../accept.js';
import { type AudienceSource, audienceContext, openAudience } from '../audience.js';
import type { Candidate } from '../candidate.js';
import type { JobContext } from '../context.js';
import type { AcceptRequest } from '../engine.js';
import { filtered } from '../filtered.js';
import { lastOrder } from '../limit.js';
import { orderBy } from '../order.js';
import { STRETCH } from '../plan.js';
import { cutRulesFor } from '../rules.js';
import { marginOf } from './margin.js';
import { type Counted, Tally } from './tally.js';

export interface Preview {
  /** All of the audience. */
  readonly targeted: number;
  readonly reached: number;
  /** Of those that are reached: how many by each vendor. */
  readonly byVendor: Counted;
  /** Of those that are reached: how many get the text of each locale; `default` is the message's own. */
  readonly byLocale: Counted;
  /** Why others are not pushed to, as in a report. */
  readonly suppressed: Counted;
  /** Why others have no message. */
  readonly failed: Counted;
  /** Who would have to wait until the task is over. */
  readonly expired: Counted;
  /** Of those that are reached: who has to wait for what. */
  readonly held: Counted;
  /** Accounts of the audience that have no device. */
  readonly unmatched: number;
  /** When the first push of a device leaves, and the last; absent when nobody is reached. */
  readonly firstAt?: Date;
  readonly lastAt?: Date;
  /** The numbers were reckoned from some of the devices. */
  readonly estimate?: Estimate;
}

export interface Estimate {
  /** Devices that were looked at. */
  readonly sampled: number;
  /** With a probability of 95 %, no number is further off than so many devices. */
  readonly margin: number;
}

const SAMPLE = 10_000;
const SECOND_MS = 1_000;

/** Besides what is read to plan: what decides when a device is pushed to, and in which language. */
const EXTRA_FIELDS = { locale: 1, timeZone: 1, quietHours: 1 } as const;

const scaled = (counts: Counted, factor: number): Counted =>
  Object.fromEntries(
    Object.entries(counts).map(([word, count]) => [word, Math.round(count * factor)]),
  );

const limitedTo = async (source: AudienceSource, task: Task): Promise<AudienceSource> => {
  const { limit, salt = '' } = task;
  if (limit == null) return source;
  const order = orderBy(salt);
  const last = (await lastOrder(source, { limit, order }, () => false)) ?? 1;
  return filtered(source, ({ id }) => order(id) <= last);
};

interface Look {
  readonly context: JobContext;
  readonly task: Task;
  readonly tally: Tally;
  readonly allowRaw: boolean;
}

const lookAt = async (
  { context, task, tally, allowRaw }: Look,
  candidates: readonly Candidate[],
): Promise<void> => {
  const rules = await cutRulesFor(context, task, candidates, { allowRaw });
  await context.priority.giveWay();
  for (const candidate of candidates) tally.add(candidate, rules);
};

const lookAtAll = async (look: Look, source: AudienceSource): Promise<void> => {
  const stretch = source.oneStretch ? Number.MAX_SAFE_INTEGER : STRETCH;
  let left = look.task.limit ?? Number.POSITIVE_INFINITY;
  for (let after: Types.ObjectId | undefined; left > 0; ) {
    const wanted = Math.min(stretch, left);
    const some = await source.next(after, wanted);
    await lookAt(look, some);
    left -= some.length;
    if (some.length < wanted) return;
    after = some.at(-1)?.id;
  }
};

interface Reckoned {
  /** What the numbers of the tally are to be multiplied with. */
  readonly factor: number;
  readonly estimate?: Estimate;
}

const EXACT: Reckoned = { factor: 1 };

const lookAtSome = async (look: Look, source: AudienceSource): Promise<Reckoned> => {
  const sampled = await source.sampled?.(SAMPLE);
  if (sampled == null || sampled.of <= SAMPLE) {
    await lookAtAll(look, await limitedTo(source, look.task));
    return EXACT;
  }
  const { candidates, read, of } = sampled;
  await lookAt(look, candidates);
  const whole = of / read;
  const limit = look.task.limit ?? Number.POSITIVE_INFINITY;
  // The devices of a limit are chosen by lot.
  const share = Math.min(1, limit / Math.max(1, candidates.length * whole));
  return {
    factor: whole * share,
    estimate: { sampled: read, margin: Math.ceil(marginOf(read, of) * share) },
  };
};

const shown = (
  tally: Tally,
  { task, unmatched, reckoned }: { task: Task; unmatched: number; reckoned: Reckoned },
): Preview => {
  const { factor, estimate } = reckoned;
  const reached = Math.round(tally.reached * factor);
  const sendingMs = task.ratePerSecond == null ? 0 : (reached / task.ratePerSecond) * SECOND_MS;
  return {
    targeted: Math.round(tally.targeted * factor),
    reached,
    byVendor: scaled(tally.byVendor, factor),
    byLocale: scaled(tally.byLocale, factor),
    suppressed: scaled(tally.suppressed, factor),
    failed: scaled(tally.failed, factor),
    expired: scaled(tally.expired, factor),
    held: scaled(tally.held, factor),
    unmatched,
    ...(tally.reached === 0
      ? {}
      : {
          firstAt: new Date(tally.firstMs),
          lastAt: new Date(Math.max(tally.lastMs, tally.firstMs + sendingMs)),
        }),
    ...(estimate == null ? {} : { estimate }),
  };
};

export interface PreviewRequest extends AcceptRequest {
  /** Look at some of the devices only, where there are many. */
  readonly fast: boolean;
}

/** Rejects with TaskRefused, as an acceptance does. */
export const preview = async (
  context: JobContext,
  { fast, ...request }: PreviewRequest,
): Promise<Preview> => {
  const { parts } = context;
  const task = await checkTask(context, request);
  const start = task.scheduledAt ?? task.createdAt;
  const source = await openAudience(
    await audienceContext(context, task.app),
    request.input.audience,
    { now: start, extraFields: EXTRA_FIELDS },
  );
  const looking = { task, vendors: parts.vendors, startMs: start.getTime() };
  const tally = new Tally(looking);
  const allowRaw = request.app.allowRawTokens && task.consentAsserted;
  const look = { context, task, tally, allowRaw };
  let reckoned = EXACT;
  if (fast) reckoned = await lookAtSome(look, source);
  else await lookAtAll(look, await limitedTo(source, task));
  return shown(tally, { task, unmatched: source.unmatched, reckoned });
};
