/** Holds one task that has ended against the vendors' record, device by device. Pure. */
import type { RowShown } from '../support/fleet.js';
import { type Fleet, type Situation, type SoakDevice, steadyBetween } from './fleet.js';
import type { Entry } from './task-book.js';
import type { TaskPlan } from './task-plan.js';
import { DOUBLED, LOST, type Violation } from './violations.js';
import type { Got } from './witness.js';

/** What the witness says of a token and this task. */
export type GotOf = (token: string) => Got;

interface Case {
  readonly plan: TaskPlan;
  readonly entry: Entry;
  readonly device: SoakDevice;
  /** What held of the device all the while; undefined when something changed. */
  readonly steady: Situation | undefined;
  readonly state: string | undefined;
  readonly received: number;
  readonly delivered: number;
  /** On the worst of its tokens. */
  readonly shown: number;
}

const statesOf = (rows: readonly RowShown[]): Map<string, number> => {
  const states = new Map<string, number>();
  for (const { state } of rows) states.set(state, (states.get(state) ?? 0) + 1);
  return states;
};

/** Counts equal rows, there is one row for each device, and nothing is pending. */
const judgeRows = ({ name, id, shown, rows = [] }: Entry): Violation[] => {
  if (shown == null) return [];
  const task = `${name} (${id})`;
  const found: Violation[] = [];
  const expectSame = (promise: string, expected: number, seen: number): void => {
    if (expected === seen) return;
    found.push({ promise, task, expected: String(expected), seen: String(seen) });
  };
  const { targeted = 0, pending: _, ...states } = shown.counts;
  expectSame('one row for each device', targeted, rows.length);
  expectSame('rows are unique', rows.length, new Set(rows.map(({ device }) => device)).size);
  const written = statesOf(rows);
  for (const [state, count] of Object.entries(states)) {
    expectSame(`counts equal rows: ${state}`, written.get(state) ?? 0, count);
  }
  return found;
};

/** Where a device may end that was the same all the while. */
const allowedStates = (
  { plan, entry }: Case,
  { consents, isLive, isErased }: Situation,
): string[] => {
  const { ifUnsure, isShort } = plan;
  if (isErased || !consents) return ['suppressed'];
  const mayBeUnsure = ifUnsure === 'leave' || isShort || entry.isStopped;
  return [
    ...(isLive ? ['accepted'] : ['failed', 'suppressed']),
    ...(mayBeUnsure || !isLive ? ['unknown'] : []),
    ...(isShort ? ['expired'] : []),
    ...(entry.isStopped ? ['cancelled'] : []),
  ];
};

type Finding = Pick<Violation, 'promise' | 'expected' | 'seen'>;

const finding = (promise: string, expected: string, seen: unknown): Finding => ({
  promise,
  expected,
  seen: String(seen),
});

/** It holds whatever became of the device meanwhile. */
const judgeAlways = ({ plan, state, received, delivered, shown }: Case): Finding[] => {
  const found: Finding[] = [];
  if (state === 'accepted' && delivered === 0)
    found.push(finding('accepted is received', 'at least one push', 'none'));
  if (delivered > 0 && state !== 'accepted' && state !== 'unknown')
    found.push(finding('received is accepted or unknown', 'accepted or unknown', state));
  if (plan.ifUnsure === 'leave' && delivered > 1)
    found.push(finding(DOUBLED, 'one push at most', `${delivered}, ${state}`));
  if (shown > 1) found.push(finding('a repeat is shown once', 'once', shown));
  if (received > 0 && state == null)
    found.push(finding('every push has a row', 'a row', `${received} pushes without one`));
  return found;
};

const judgeSteady = (one: Case, situation: Situation): Finding[] => {
  const { plan, entry, device, state, received, delivered } = one;
  const isMeant = plan.isMeant(device);
  if (!isMeant) return state == null ? [] : [finding('only who is meant', 'no row', state)];
  if (state == null) {
    // Whoever was erased is a stranger, whose row has another id.
    return entry.isStopped || situation.isErased ? [] : [finding(LOST, 'a row', 'none')];
  }
  const found: Finding[] = [];
  const allowed = allowedStates(one, situation);
  if (!allowed.includes(state)) found.push(finding('the right state', allowed.join(' or '), state));
  if ((!situation.consents || situation.isErased) && received > 0)
    found.push(finding('nobody without consent', 'no push', `${received}`));
  const mustArrive =
    plan.ifUnsure === 'resend' && situation.consents && situation.isLive && !situation.isErased;
  if (mustArrive && delivered === 0 && !entry.isStopped && !plan.isShort)
    found.push(finding(LOST, 'at least one push', `none, ${state}`));
  return found;
};

const caseOf = (
  entry: Entry & { plan: TaskPlan },
  device: SoakDevice,
  state: string | undefined,
  gotOf: GotOf,
): Case => {
  const got = device.tokens.map(gotOf);
  const sum = (field: keyof Got): number => got.reduce((total, each) => total + each[field], 0);
  return {
    plan: entry.plan,
    entry,
    device,
    steady: steadyBetween(device, entry.askedAtMs, entry.endedAtMs ?? Infinity),
    state,
    received: sum('received'),
    delivered: sum('delivered'),
    shown: Math.max(0, ...got.map(({ shown }) => shown)),
  };
};

const wasThere = ({ id, changes }: SoakDevice, { endedAtMs = Infinity }: Entry): boolean =>
  id !== '' && (changes[0]?.askedAtMs ?? Infinity) <= endedAtMs;

/** Everything that does not hold of a task that has ended and whose rows are read. */
export const judge = (entry: Entry, fleet: Fleet, gotOf: GotOf): Violation[] => {
  const { name, id, plan, rows = [] } = entry;
  const found = judgeRows(entry);
  if (plan == null) return found;
  const task = `${name} (${id})`;
  const states = new Map(rows.map(({ device, state }) => [device, state]));
  for (const device of fleet.devices) {
    if (!wasThere(device, entry)) continue;
    const one = caseOf({ ...entry, plan }, device, states.get(device.id), gotOf);
    const findings = [
      ...judgeAlways(one),
      ...(one.steady == null ? [] : judgeSteady(one, one.steady)),
    ];
    found.push(
      ...findings.map((each) => ({ ...each, task, device: `${device.name} (${device.id})` })),
    );
  }
  // Tokens that nobody has registered have rows, too.
  for (const { device, state } of rows) {
    if (fleet.byId(device) != null || state === 'suppressed') continue;
    found.push({ promise: 'strangers', task, device, expected: 'suppressed', seen: state });
  }
  return found;
};
