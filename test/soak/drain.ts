/** The end of a soak: everything is healed, everything drains, and the last books are checked. */
import { apiClient } from '../../demo/api-client.js';
import type { Task } from '../../models/task.js';
import { passWaits } from '../faults/ending.js';
import { letVendorsAnswer } from '../faults/place.js';
import { VENDORS } from '../faults/row.js';
import { until } from '../support/until.js';
import { letAllGo } from './control-tasks.js';
import { situationOf, tokenOf } from './fleet.js';
import type { Ground } from './ground.js';
import { lookAtAll } from './look.js';
import { storeSettings } from './operator.js';
import { readRows } from './settle.js';
import { LOST } from './violations.js';

const DRAIN_WITHIN_MS = 200_000;
const LOOK_EVERY_MS = 300;

/** What is due in minutes is due now: otherwise a soak would have to wait for a vendor's quarter of an hour. */
export const passLongWaits = async ({ db }: Ground): Promise<void> => {
  // The database may be away.
  await passWaits(db).catch(() => undefined);
};

/** Whoever was there leaves, with whatever still waits for a vendor that never answers; one new process goes on. */
const renewCrew = async ({ crew }: Ground): Promise<void> => {
  const leaving = crew.members.map((member) => crew.dismiss(member));
  await Promise.all([crew.add('all'), ...leaving]);
};

const heal = async (ground: Ground): Promise<void> => {
  await ground.mongod.heal(ground.database);
  await ground.db.admin().command({ configureFailPoint: 'failCommand', mode: 'off' });
  ground.proxy.loseCommitAnswers(0);
  await letVendorsAnswer(ground);
  await renewCrew(ground);
  for (const vendor of VENDORS) await storeSettings(ground, vendor, null);
  await letAllGo(ground);
};

/** Requests without an answer: some were written. */
const findUnsure = async ({ db, book }: Ground): Promise<void> => {
  for (const entry of book.unsureEntries) {
    const found = await db.collection<Task>('tasks').findOne({ reference: entry.name });
    if (found == null) entry.isVoid = true;
    else book.answered(entry, found._id.toHexString());
  }
};

/** One task for one request, whatever became of its answer. */
const checkUnique = async ({ db, violations }: Ground): Promise<void> => {
  const doubled = db
    .collection<Task>('tasks')
    .aggregate<{ _id: string; count: number }>([
      { $match: { recallOf: { $exists: false } } },
      { $group: { _id: '$reference', count: { $sum: 1 } } },
      { $match: { count: { $gt: 1 } } },
    ]);
  for await (const { _id: task, count } of doubled) {
    violations.add({ promise: 'one task for one request', task, expected: '1', seen: `${count}` });
  }
};

const allEnded = async (ground: Ground): Promise<boolean> => {
  await passLongWaits(ground);
  await lookAtAll(ground);
  return ground.book.openEntries.length === 0;
};

export const drain = async (ground: Ground): Promise<void> => {
  await heal(ground);
  await findUnsure(ground);
  await checkUnique(ground);
  const within = { withinMs: DRAIN_WITHIN_MS, everyMs: LOOK_EVERY_MS };
  await until('all tasks have ended', () => allEnded(ground), within).catch(() => {
    for (const { name, id, shown } of ground.book.openEntries) {
      const seen = id == null ? 'no answer' : JSON.stringify(shown);
      const expected = 'that it ends';
      ground.violations.add({ promise: LOST, task: `${name} (${id})`, expected, seen });
    }
  });
  await until('all rows are read', () => readRows(ground), within);
};

/** The gateway's own check; a few pages. */
export const checkAllBooks = async ({ crew, operatorKey, violations }: Ground): Promise<void> => {
  const operator = apiClient(crew.nextUrl() ?? '', operatorKey);
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor != null; isFirst = false) {
    const page = await operator.post<{ findings: unknown[]; nextCursor?: string }>(
      '/v1/books/check',
      { limit: 100, ...(cursor == null ? {} : { cursor }) },
    );
    for (const found of page.findings) {
      const seen = JSON.stringify(found);
      violations.add({ promise: 'check-books finds nothing', expected: 'nothing', seen });
    }
    cursor = page.nextCursor;
  }
};

/** No fault of a vendor, of ours or of chance has made anybody forget a live token. */
export const checkTokens = async ({ db, fleet, violations }: Ground): Promise<void> => {
  const stored = await db
    .collection('devices')
    .find({}, { projection: { token: 1, state: 1 } })
    .toArray();
  const states = new Map(stored.map(({ token, state }) => [String(token), String(state)]));
  for (const device of fleet.devices) {
    const { isLive, isErased } = situationOf(device);
    const state = states.get(tokenOf(device));
    const isRight = isErased ? state == null : !isLive || state === 'active';
    if (isRight) continue;
    violations.add({
      promise: isErased ? 'an erased device stays erased' : 'no live token is forgotten',
      device: `${device.name} (${device.id})`,
      expected: isErased ? 'no device' : 'active',
      seen: String(state),
    });
  }
};
