/** Finds out before anything is written whether the vendors would take a task's message. */
import type { Message, Problem } from '../adapters/adapter.js';
import type { Task } from '../models/task.js';
import { localesOf, messageFor } from './message.js';
import type { OpenProfile } from './profiles.js';
import { templateProblem } from './refused-template.js';

/** More of them help nobody. */
export const MOST_PROBLEMS = 20;

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

/** Of a text that cannot be written with these values, or of the vendor. */
const problemsIn = (
  task: CheckedTask,
  open: OpenProfile,
  locale: string,
  { nowMs, ...variant }: CheckOptions,
): readonly Problem[] => {
  let message: Message;
  try {
    message = messageFor(task, open.vendor, { locale, ...variant }, nowMs);
  } catch (error) {
    return [templateProblem(error)];
  }
  return open.vendor.check(message, open.settings).map((problem) => toldOf(problem, open, locale));
};

/** Problems of every locale with every profile, each told once. Ends at the most that are told. */
export const checkMessage = (
  task: CheckedTask,
  profiles: Iterable<OpenProfile>,
  options: CheckOptions,
): Problem[] => {
  const unique = new Map<string, Problem>();
  for (const open of profiles) {
    for (const locale of localesOf(task.message)) {
      for (const problem of problemsIn(task, open, locale, options)) {
        unique.set(`${problem.field}\n${problem.detail}`, problem);
      }
      if (unique.size >= MOST_PROBLEMS) return [...unique.values()].slice(0, MOST_PROBLEMS);
    }
  }
  return [...unique.values()];
};
