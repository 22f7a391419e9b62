/**
 * When a campaign runs: once, or again and again by the clock of a zone. Rules are followed on the wall, as if it were in UTC, and
 * the instants found afterwards: so a change of the clocks neither leaves out a run nor makes two of one. Pure.
 */
import { CronExpressionParser } from 'cron-parser';
import { RRuleTemporal } from 'rrule-temporal';
import { checkCronText, checkRuleText, RuleTextError } from './rule-text.js';
import { instantOf, MOST_AHEAD_MS, wallAt, wallMsOf, wallText } from './wall-time.js';

/** All times are those of the wall, `YYYY-MM-DDTHH:MM`. */
export interface Recurrence {
  /** RFC 5545, without COUNT and UNTIL. */
  readonly rrule?: string;
  /** Five fields. */
  readonly cron?: string;
  /** IANA name; or `device`: the time comes on the clock of each device. */
  readonly timeZone: string;
  /** Nothing is before it; of a rule, what it does not say itself (the time of day, say) is taken from here. */
  readonly start: string;
  /** Nothing is behind it. */
  readonly end?: string;
  /** How many times there are from the start on, exceptions included. */
  readonly count?: number;
  /** The last of `count`. */
  readonly last?: string;
  /** Times, or whole days (`YYYY-MM-DD`), that are left out. */
  readonly except?: readonly string[];
}

export type CampaignSchedule = { readonly at: Date } | Recurrence;

/** It cannot be followed as it is; the message is for the caller. */
export class RecurrenceError extends Error {
  override readonly name = 'RecurrenceError';
  constructor(
    message: string,
    readonly field: string,
    readonly position?: number,
  ) {
    super(message);
  }
}

const MINUTE_MS = 60_000;
/** In place of a zone. */
export const DEVICE_CLOCK = 'device';
/** A run for the clocks of devices is made so long before the first clock on earth shows its time. */
export const DEVICE_LEAD_MS = 30 * MINUTE_MS;
const DAY_CHARACTERS = 'YYYY-MM-DD'.length;
/** Days, weeks, months or years without a time before a rule is said to have none: 29 February may be eight years away. */
const MOST_PERIODS = 3_000;
/** Nobody else has a turn while the times of `count` are counted. */
const COUNT_WITHIN_MS = 1_000;

/** From the clocks that a run is for to the instant at which it is made. */
const clockOf = (timeZone: string) => {
  if (timeZone !== DEVICE_CLOCK) {
    return {
      wallAt: (atMs: number) => wallAt(atMs, timeZone),
      instantOf: (wallMs: number) => instantOf(wallMs, timeZone),
    };
  }
  const aheadMs = MOST_AHEAD_MS + DEVICE_LEAD_MS;
  return {
    wallAt: (atMs: number) => atMs + aheadMs,
    instantOf: (wallMs: number) => wallMs - aheadMs,
  };
};

/** What the clock of the schedule shows: for those of devices, the time that a run of this instant is for. */
export const scheduleWallAt = (atMs: number, timeZone: string): number =>
  clockOf(timeZone).wallAt(atMs);

/** The wall time that the devices of a run wait for; undefined when all are sent to at once. */
export const localTimeOf = (schedule: CampaignSchedule, atMs: number): string | undefined =>
  'at' in schedule || schedule.timeZone !== DEVICE_CLOCK
    ? undefined
    : wallText(scheduleWallAt(atMs, DEVICE_CLOCK));

const basicFormat = (wallTime: string): string => `${wallTime.replaceAll(/[-:]/g, '')}00Z`;

const ruleOf = (rrule: string, start: string): RRuleTemporal => {
  try {
    return new RRuleTemporal({
      rruleString: `DTSTART:${basicFormat(start)}\nRRULE:${rrule}`,
      strict: true,
      maxIterations: MOST_PERIODS,
      cache: false,
    });
  } catch (error) {
    // Parts that must not stand together; the library says which, in the words of RFC 5545.
    throw error instanceof Error ? new RecurrenceError(error.message, 'rrule') : error;
  }
};

/** The libraries give up where a time is very far away: behind the first one, that is the end. */
const nextOf = <T>(find: () => T, hasBegun: boolean): T | null => {
  try {
    return find();
  } catch (error) {
    if (!hasBegun) throw error;
    return null;
  }
};

function* timesOfRule(rrule: string, start: string, afterMs: number): Generator<number> {
  const rule = ruleOf(rrule, start);
  for (let time = afterMs; ; ) {
    const found = nextOf(() => rule.next(new Date(time)), time >= wallMsOf(start));
    if (found == null) return;
    time = found.epochMilliseconds;
    yield time;
  }
}

function* timesOfCron(cron: string, start: string, afterMs: number): Generator<number> {
  const times = CronExpressionParser.parse(cron, { currentDate: new Date(afterMs), tz: 'UTC' });
  for (let time = afterMs; ; ) {
    const found = nextOf(() => times.next().getTime(), time >= wallMsOf(start));
    if (found == null) return;
    time = found;
    yield time;
  }
}

/** Times on the wall behind another, in their order. */
const wallTimes = ({ rrule, cron = '', start }: Recurrence, afterMs: number): Generator<number> => {
  const fromMs = Math.max(afterMs, wallMsOf(start) - MINUTE_MS);
  return rrule == null ? timesOfCron(cron, start, fromMs) : timesOfRule(rrule, start, fromMs);
};

/** Times on the wall behind another that are not left out. A day that is left out is passed over as a whole. */
function* keptWallTimes(recurrence: Recurrence, afterMs: number): Generator<number> {
  const except = new Set(recurrence.except);
  for (let fromMs: number | undefined = afterMs; fromMs != null; ) {
    let behindMs: number | undefined;
    for (const wallMs of wallTimes(recurrence, fromMs)) {
      const text = wallText(wallMs);
      const day = text.slice(0, DAY_CHARACTERS);
      if (except.has(day)) {
        behindMs = wallMsOf(`${day}T23:59`);
        break;
      }
      if (!except.has(text)) yield wallMs;
    }
    fromMs = behindMs;
  }
}

const endOf = ({ end, last }: Recurrence): number =>
  Math.min(
    ...[end, last].map((time) => (time == null ? Number.POSITIVE_INFINITY : wallMsOf(time))),
  );

/** Instants behind another (milliseconds since 1970), in their order; there may be no end to them. */
export function* instantsAfter(schedule: CampaignSchedule, afterMs: number): Generator<number> {
  if ('at' in schedule) {
    if (schedule.at.getTime() > afterMs) yield schedule.at.getTime();
    return;
  }
  const clock = clockOf(schedule.timeZone);
  const endMs = endOf(schedule);
  let previousMs = afterMs;
  for (const wallMs of keptWallTimes(schedule, clock.wallAt(afterMs))) {
    if (wallMs > endMs) return;
    const atMs = clock.instantOf(wallMs);
    // Times that a clock is put on over all come at one instant; some that there are twice have been.
    if (atMs <= previousMs) continue;
    previousMs = atMs;
    yield atMs;
  }
}

/** The next one behind another instant, if there is any. */
export const nextInstant = (schedule: CampaignSchedule, afterMs: number): number | undefined =>
  instantsAfter(schedule, afterMs).next().value as number | undefined;

const checkText = ({ rrule, cron }: Recurrence): void => {
  try {
    if (rrule != null) checkRuleText(rrule);
    else checkCronText(cron ?? '');
  } catch (error) {
    if (!(error instanceof RuleTextError)) throw error;
    throw new RecurrenceError(error.message, rrule == null ? 'cron' : 'rrule', error.position);
  }
};

/** The last of `count` times, or of as many as there are. */
const lastOf = (recurrence: Recurrence, count: number): string | undefined => {
  let lastMs: number | undefined;
  let left = count;
  const untilMs = performance.now() + COUNT_WITHIN_MS;
  for (const wallMs of wallTimes(recurrence, Number.NEGATIVE_INFINITY)) {
    lastMs = wallMs;
    left -= 1;
    if (left === 0) break;
    if (performance.now() > untilMs) {
      throw new RecurrenceError('Takes too long to count: fewer times, or an end instead', 'count');
    }
  }
  return lastMs == null ? undefined : wallText(lastMs);
};

/** As it is kept: it can be followed, and it is known where it ends. Throws RecurrenceError. */
export const checkedRecurrence = (recurrence: Recurrence): Recurrence => {
  checkText(recurrence);
  const { rrule, count, start, timeZone } = recurrence;
  const field = rrule == null ? 'cron' : 'rrule';
  try {
    const last = count == null ? undefined : lastOf(recurrence, count);
    const checked = last == null ? recurrence : { ...recurrence, last };
    if (nextInstant(checked, clockOf(timeZone).instantOf(wallMsOf(start)) - 1) != null)
      return checked;
  } catch (error) {
    // The libraries give up where a time never comes, as 31 February.
    throw error instanceof RecurrenceError ? error : new RecurrenceError('Never comes', field);
  }
  throw new RecurrenceError('Leaves no time between start and end', field);
};
