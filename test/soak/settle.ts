/** Settles tasks that have ended: their rows are read, held against the witness, and forgotten. */
import type { RowShown } from '../support/fleet.js';
import type { Fleet } from './fleet.js';
import type { Ground } from './ground.js';
import type { Entry } from './task-book.js';
import { judge } from './verdict.js';
import type { Witness, WitnessedPush } from './witness.js';

/** Whoever was stopped in the middle and goes on may still send what was written down as unknown. */
const REST_MS = 20_000;
const ROWS_WITHIN_MS = 20_000;
const OK = 200;

const rowsOf = async ({ line }: Ground, { id }: Entry): Promise<RowShown[] | undefined> => {
  const reply = await line.ask({
    method: 'GET',
    path: `/v1/tasks/${id}/deliveries`,
    accept: 'application/x-ndjson',
    withinMs: ROWS_WITHIN_MS,
  });
  if (reply?.status !== OK) return undefined;
  const lines = reply.text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as RowShown);
};

/** Reads the rows of what has ended since the last time; false when nobody could show some of them. */
export const readRows = async (ground: Ground): Promise<boolean> => {
  let isComplete = true;
  for (const entry of ground.book.endedEntries.filter(({ rows }) => rows == null)) {
    const rows = await rowsOf(ground, entry);
    if (rows == null) isComplete = false;
    else entry.rows = rows;
  }
  return isComplete;
};

const settle = (ground: Ground, witness: Witness, entry: Entry): void => {
  const { book, fleet, violations } = ground;
  for (const found of judge(entry, fleet, (token) => witness.of(entry.name, token))) {
    violations.add(found);
  }
  witness.forget(entry.name);
  book.settle(entry);
};

/** Those that have rested, while nobody is stopped; with `all`, everything. */
export const settleEnded = (ground: Ground, witness: Witness, { all = false } = {}): void => {
  if (!all && ground.disturbances.isNow) return;
  witness.take();
  for (const entry of ground.book.endedEntries) {
    const hasRested = Date.now() - (entry.endedAtMs ?? Infinity) > REST_MS;
    if (entry.rows != null && (all || hasRested)) settle(ground, witness, entry);
  }
};

/** A second is what is promised; the rest is for what overtakes on a busy machine. */
const QUIET_WITHIN_MS = 1_000 + 2_000;
/** What was read of a device is acted on for two seconds. */
const TRUSTED_MS = 2_000 + 2_000;
/** What stood still longer ago explains nothing. */
const EXCUSED_MS = 60_000;

/** Holds each push, when it arrives, against what was answered before. */
export const pushJudge = (
  { book, violations, disturbances }: Pick<Ground, 'book' | 'violations' | 'disturbances'>,
  fleet: Fleet,
) => {
  const isLate = (sinceMs: number | undefined, withinMs: number, atMs: number): boolean =>
    sinceMs != null &&
    atMs > sinceMs + withinMs &&
    (atMs > sinceMs + EXCUSED_MS || !disturbances.between(sinceMs, atMs));

  return ({ task, token, atMs }: WitnessedPush): void => {
    const device = fleet.byToken(token);
    if (device == null) {
      violations.add({ promise: 'strangers', expected: 'no push', seen: `one of ${task}` });
      return;
    }
    const told = { device: `${device.name} (${device.id})`, ...(task == null ? {} : { task }) };
    // What disappears from a screen needs nobody's consent.
    if (task == null) return;
    if (isLate(device.forbiddenSinceMs, TRUSTED_MS, atMs)) {
      const seen = `a push ${atMs - (device.forbiddenSinceMs ?? 0)} ms after the answer`;
      violations.add({ promise: 'consent and erasure', ...told, expected: 'no push', seen });
    }
    const entry = book.find(task);
    if (isLate(entry?.quietSinceMs, QUIET_WITHIN_MS, atMs)) {
      const seen = `a push ${atMs - (entry?.quietSinceMs ?? 0)} ms after the answer`;
      violations.add({ promise: 'control within a second', ...told, expected: 'no push', seen });
    }
    if (book.isSettled(task)) {
      violations.add({
        promise: 'what has ended has ended',
        ...told,
        expected: 'no push',
        seen: 'one',
      });
    }
  };
};
