/** Finds out before anything is written whether the vendors would take a task's message. */
import type { Problem } from '../adapters/adapter.js';
import type { Task } from '../models/task.js';
import { localesOf, messageFor } from './message.js';
import type { OpenProfile } from './profiles.js';

const MOST_PROBLEMS = 20;

type CheckedTask = Pick<Task, '_id' | 'message' | 'expiresAt' | 'createdAt' | 'scheduledAt'>;

interface CheckOptions {
  readonly nowMs: number;
  /** Stands for what is known of each device only later. */
  readonly data?: Readonly<Record<string, string>>;
}

/** Says with whom, and in which locale. */
export const toldOf = (
  problem: Problem,
  { vendor, profile }: OpenProfile,
  locale: string,
): Problem => ({
  ...problem,
  detail: `${problem.detail} (${vendor.name}/${profile}${locale === '' ? '' : `, ${locale}`})`,
});

const problemsOf = (
  task: CheckedTask,
  open: OpenProfile,
  { nowMs, ...variant }: CheckOptions,
): Problem[] =>
  localesOf(task.message).flatMap((locale) =>
    open.vendor
      .check(messageFor(task, open.vendor, { locale, ...variant }, nowMs), open.settings)
      .map((problem) => toldOf(problem, open, locale)),
  );

/** Problems of every locale with every profile, each told once. */
export const checkMessage = (
  task: CheckedTask,
  profiles: Iterable<OpenProfile>,
  options: CheckOptions,
): Problem[] => {
  const problems = [...profiles].flatMap((open) => problemsOf(task, open, options));
  const unique = new Map(
    problems.map((problem) => [`${problem.field}\n${problem.detail}`, problem]),
  );
  return [...unique.values()].slice(0, MOST_PROBLEMS);
};
