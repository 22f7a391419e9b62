/** Backends that send tasks: with a key they ask until they have an answer, without one they ask once. */
import type { Random } from '../../demo/seeded-random.js';
import type { Ground } from './ground.js';
import { jsonOf, type Reply } from './line.js';
import type { Entry } from './task-book.js';
import { drawTask, type TaskPlan } from './task-plan.js';

/** So many at a time keep memory and load bounded. */
export const MOST_OPEN = 40;
const GIVE_UP_AFTER_MS = 8_000;
const ACCEPTED = 202;

const post = ({ body, name, isKeyed }: TaskPlan) => ({
  method: 'POST' as const,
  path: '/v1/tasks',
  body,
  ...(isKeyed ? { key: `soak-${name}` } : {}),
  // Whoever was stopped may write it much later: with a key it is the same task, and without one nobody asks again.
  withinMs: GIVE_UP_AFTER_MS,
});

const note = ({ book, violations }: Ground, entry: Entry, { status, text }: Reply): void => {
  if (status === ACCEPTED) {
    book.answered(entry, jsonOf<{ id: string }>({ status, text }).id);
    return;
  }
  violations.add({
    promise: 'a good task is accepted',
    task: entry.name,
    expected: String(ACCEPTED),
    seen: `${status} ${text}`,
  });
  book.settle(entry);
};

const askFor = async (ground: Ground, plan: TaskPlan): Promise<void> => {
  const { book, line } = ground;
  const entry = book.open(plan);
  const reply = plan.isKeyed ? await line.insist(post(plan)) : await line.ask(post(plan));
  if (reply == null) book.putAside(entry);
  else note(ground, entry, reply);
};

/** What comes back asks for one more, if there is room; nobody waits for the answers of others. */
export const taskAsker = (ground: Ground) => {
  let number = 0;
  const asking = new Set<Promise<void>>();
  return {
    ask(random: Random): void {
      if (ground.book.openEntries.length >= MOST_OPEN) return;
      number += 1;
      const asked = askFor(ground, drawTask(random, ground.fleet, number))
        .catch((error: unknown) => {
          if (ground.signal.aborted) return;
          ground.violations.add({
            promise: 'somebody answers within two minutes',
            expected: 'an answer',
            seen: String(error),
          });
        })
        .finally(() => asking.delete(asked));
      asking.add(asked);
    },
    /** Resolves when everybody has an answer. */
    async done(): Promise<void> {
      await Promise.all(asking);
    },
  };
};
