/** Finds out before anything is written whether the vendors would take a task's message. */
import type { Problem } from '../adapters/adapter.js';
import type { Task } from '../models/task.js';
import { localesOf, messageFor } from './message.js';
import type { OpenProfile } from './profiles.js';

const MOST_PROBLEMS = 20;

type CheckedTask = Pick<Task, '_id' | 'message' | 'expiresAt' | 'createdAt' | 'scheduledAt'>;

const problemsOf = (task: CheckedTask, open: OpenProfile, nowMs: number): Problem[] =>
  localesOf(task.message).flatMap((locale) =>
    open.vendor
      .check(messageFor(task, open.vendor, { locale }, nowMs), open.settings)
      .map((problem) => ({
        ...problem,
        detail: `${problem.detail} (${open.vendor.name}/${open.profile}${locale === '' ? '' : `, ${locale}`})`,
      })),
  );

/** Problems of every locale with every profile, each told once. */
export const checkMessage = (
  task: CheckedTask,
  profiles: Iterable<OpenProfile>,
  nowMs: number,
): Problem[] => {
  const problems = [...profiles].flatMap((open) => problemsOf(task, open, nowMs));
  const unique = new Map(
    problems.map((problem) => [`${problem.field}\n${problem.detail}`, problem]),
  );
  return [...unique.values()].slice(0, MOST_PROBLEMS);
};
