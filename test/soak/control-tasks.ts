/** Callers who change their minds: pause, resume, cancel, recall, another rate. */
import type { Random } from '../../demo/seeded-random.js';
import type { Ground } from './ground.js';
import { jsonOf, type Reply } from './line.js';
import type { Entry } from './task-book.js';
import { drawRate } from './task-plan.js';

const OK = 200;
const ACCEPTED = 202;
const CONFLICT = 409;
const LONGEST_PAUSE_MS = 6_000;

type Known = Entry & { id: string };

const say = (
  { line }: Ground,
  { id }: Known,
  verb: 'pause' | 'resume' | 'cancel' | 'recall',
  body: object = {},
): Promise<Reply> => line.insist({ method: 'POST', path: `/v1/tasks/${id}/${verb}`, body });

const expectStatus = (
  { violations }: Ground,
  entry: Known,
  { status, text }: Reply,
  allowed: readonly number[],
): boolean => {
  if (allowed.includes(status)) return true;
  violations.add({
    promise: 'a caller may control a task',
    task: `${entry.name} (${entry.id})`,
    expected: allowed.join(' or '),
    seen: `${status} ${text}`,
  });
  return false;
};

const stop = async (ground: Ground, entry: Known, verb: 'pause' | 'cancel'): Promise<boolean> => {
  if (verb === 'cancel') entry.isStopped = true;
  const reply = await say(ground, entry, verb);
  expectStatus(ground, entry, reply, [OK, CONFLICT]);
  const isStopped = reply.status === OK;
  if (isStopped) entry.quietSinceMs = Date.now();
  return isStopped;
};

export const resumeTask = async (ground: Ground, entry: Known): Promise<void> => {
  delete entry.quietSinceMs;
  delete entry.resumeAtMs;
  expectStatus(ground, entry, await say(ground, entry, 'resume'), [OK, CONFLICT]);
};

const recall = async (ground: Ground, entry: Known, random: Random): Promise<void> => {
  const replacement = { title: 'Withdrawn', body: 'Please ignore our last message' };
  const body = random.chance(0.5) ? { replacement } : {};
  entry.isStopped = true;
  delete entry.resumeAtMs;
  const reply = await say(ground, entry, 'recall', body);
  // A silent one has nothing that could be replaced.
  if (!expectStatus(ground, entry, reply, [ACCEPTED, CONFLICT])) return;
  if (reply.status === ACCEPTED) ground.book.openRecall(entry, jsonOf<{ id: string }>(reply).id);
};

export const setTaskRate = async (
  ground: Ground,
  entry: Known,
  ratePerSecond: number | null,
): Promise<void> => {
  const path = `/v1/tasks/${entry.id}`;
  const reply = await ground.line.insist({ method: 'PATCH', path, body: { ratePerSecond } });
  expectStatus(ground, entry, reply, [OK, CONFLICT]);
};

const isKnown = (entry: Entry): entry is Known => entry.id != null && entry.plan != null;

/** One change of mind, about any task that is open. */
export const changeOneMind = async (ground: Ground, random: Random): Promise<void> => {
  const open = ground.book.openEntries.filter(isKnown);
  const due = open.find(({ resumeAtMs }) => resumeAtMs != null && resumeAtMs <= Date.now());
  if (due != null) return resumeTask(ground, due);
  const [entry] = open.length === 0 ? [] : [random.pick(open.map((one) => [one, 1] as const))];
  const deed = random.pick([
    ['pause', 45],
    ['rate', 35],
    ['cancel', 13],
    ['recall', 7],
  ] as const);
  if (entry == null || entry.quietSinceMs != null) return;
  if (deed === 'rate')
    return setTaskRate(ground, entry, random.chance(0.3) ? null : drawRate(random));
  if (deed === 'recall') return recall(ground, entry, random);
  const isStopped = await stop(ground, entry, deed);
  if (isStopped && deed === 'pause')
    entry.resumeAtMs = Date.now() + random.between(1, LONGEST_PAUSE_MS);
};

/** Nothing stays paused or slow. */
export const letAllGo = async (ground: Ground): Promise<void> => {
  for (const entry of ground.book.openEntries.filter(isKnown)) {
    if (entry.resumeAtMs != null) await resumeTask(ground, entry);
    if (!entry.isStopped) await setTaskRate(ground, entry, null);
  }
};
