/** Looks at tasks while they are under way: their sums are right every time, and what has ended stays as it is. */
import type { TaskShown } from '../support/fleet.js';
import type { Ground } from './ground.js';
import { jsonOf } from './line.js';
import type { Entry } from './task-book.js';

export interface LookedAt extends TaskShown {
  readonly byVendor: Readonly<Record<string, Record<string, number>>>;
}

const OK = 200;
const LOOK_WITHIN_MS = 8_000;
const ENDED = ['done', 'cancelled'];

const sumOf = ({ targeted: _, ...states }: Record<string, number>): number =>
  Object.values(states).reduce((sum, count) => sum + count, 0);

/** Of one look, and against the one before. */
export const breaches = (task: LookedAt, before: TaskShown | undefined): [string, string][] => {
  const all = { 'all vendors': task.counts, ...task.byVendor };
  const unequal = Object.entries(all).flatMap(([name, counts]): [string, string][] =>
    sumOf(counts) === counts['targeted']
      ? []
      : [['targeted is the sum of all states', `${name}: ${JSON.stringify(counts)}`]],
  );
  const fewer = Object.entries(before?.counts ?? {}).filter(
    ([state, count]) => state !== 'pending' && (task.counts[state] ?? 0) < count,
  );
  const words = `${JSON.stringify(before?.counts)}, then ${JSON.stringify(task.counts)}`;
  return [
    ...unequal,
    ...fewer.map(([state]): [string, string] => [`${state} never becomes less`, words]),
    ...(task.state === 'failed' ? [['no task fails', 'failed'] as [string, string]] : []),
  ];
};

/** One look at one task, unless nobody can say just now. */
const lookAt = async (ground: Ground, entry: Entry): Promise<void> => {
  const { line, book, violations } = ground;
  const path = `/v1/tasks/${entry.id}`;
  const reply = await line.ask({ method: 'GET', path, withinMs: LOOK_WITHIN_MS });
  if (reply == null) return;
  const of = `${entry.name} (${entry.id})`;
  if (reply.status !== OK) {
    const seen = `${reply.status} ${reply.text}`;
    violations.add({ promise: 'an accepted task exists', task: of, expected: '200', seen });
    return;
  }
  const task = jsonOf<LookedAt>(reply);
  for (const [expected, seen] of breaches(task, entry.shown)) {
    violations.add({ promise: 'sums at every look', task: of, expected, seen });
  }
  entry.shown = task;
  if (ENDED.includes(task.state) && task.counts['pending'] === 0) book.ended(entry);
};

const AT_A_TIME = 4;

/** One look at each task that is open. */
export const lookAtAll = async (ground: Ground): Promise<void> => {
  const waiting = ground.book.openEntries.filter(({ id }) => id != null);
  const looker = async (): Promise<void> => {
    for (let entry = waiting.pop(); entry != null; entry = waiting.pop())
      await lookAt(ground, entry);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, looker));
};
