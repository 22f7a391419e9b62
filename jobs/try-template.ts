/** Puts a template together as a task would, for everybody to see before anything is sent. */
import type { Problem } from '../adapters/adapter.js';
import { newTaskId, type TaskMessage } from '../models/task.js';
import { MOST_PROBLEMS, toldOf } from './check-message.js';
import { TaskRefused } from './engine.js';
import { localesOf, messageFor } from './message.js';
import type { OpenProfile } from './profiles.js';
import { templateProblem } from './refused-template.js';
import type { Values } from './template-text.js';
import { filled, tooMany, unreadable, valuesToCheck } from './template-values.js';

export interface VendorSize {
  readonly vendor: string;
  readonly profile: string;
  readonly bytes: number;
  readonly allowed: number;
}

/** How a template looks in one locale. */
export interface TriedLocale {
  /** Empty for the default text. */
  readonly locale: string;
  readonly title?: string;
  readonly body?: string;
  readonly sizes: readonly VendorSize[];
  readonly problems: readonly Problem[];
}

const DAY_MS = 24 * 60 * 60 * 1_000;

const taskLike = (message: TaskMessage, nowMs: number) => ({
  _id: newTaskId(),
  message,
  createdAt: new Date(nowMs),
  expiresAt: new Date(nowMs + DAY_MS),
});

interface TryOptions {
  readonly data: Values;
  readonly nowMs: number;
}

// Vendors differ in what they take, not in the texts.
const ANY = { name: '', limits: { payloadBytes: 0, targetsPerRequest: 1, maxStoreSeconds: 0 } };

type TriedTexts = Pick<TriedLocale, 'title' | 'body'>;

/** Throws TaskRefused, before any vendor is asked: what cannot be written has no size. */
const textsOf = (
  message: TaskMessage,
  locales: readonly string[],
  { data, nowMs }: TryOptions,
): ReadonlyMap<string, TriedTexts> => {
  const task = taskLike(message, nowMs);
  const texts = new Map<string, TriedTexts>();
  const problems = new Map<string, Problem>();
  for (const locale of locales) {
    try {
      const { title, body } = messageFor(task, ANY, { locale, data }, nowMs);
      texts.set(locale, { ...(title == null ? {} : { title }), ...(body == null ? {} : { body }) });
    } catch (error) {
      const problem = templateProblem(error);
      // The default's text, which locales share, is told once.
      problems.set(`${problem.field}\n${problem.detail}`, problem);
      if (problems.size === MOST_PROBLEMS) break;
    }
  }
  if (problems.size > 0) throw new TaskRefused([...problems.values()]);
  return texts;
};

const tryLocale = (
  message: TaskMessage,
  locale: string,
  profiles: readonly OpenProfile[],
  { data, nowMs }: TryOptions,
): Pick<TriedLocale, 'sizes' | 'problems'> => {
  const task = taskLike(message, nowMs);
  const sizes: VendorSize[] = [];
  const problems: Problem[] = [];
  for (const open of profiles) {
    const { vendor, profile, settings } = open;
    const composed = messageFor(task, vendor, { locale, data }, nowMs);
    const found = vendor.check(composed, settings);
    problems.push(...found.map((problem) => toldOf(problem, open, locale)));
    const bytes = vendor.payloadBytes?.(composed, settings);
    const allowed = vendor.limits.payloadBytes;
    if (bytes != null) sizes.push({ vendor: vendor.name, profile, bytes, allowed });
  }
  return { sizes, problems };
};

const onlyProblems = (problems: readonly Problem[]): readonly TriedLocale[] => [
  { locale: '', sizes: [], problems: problems.slice(0, MOST_PROBLEMS) },
];

/**
 * In all locales that it is written in; problems of values come first, alone. Throws TaskRefused when a text cannot be written.
 * `fill` is for a template that is to be saved: it puts something where nothing is known, and ends at the most problems that
 * are told.
 */
export const tryTemplate = (
  message: TaskMessage,
  profiles: readonly OpenProfile[],
  { data, nowMs, fill }: TryOptions & { readonly fill: boolean },
): readonly TriedLocale[] => {
  const faults = unreadable(message);
  if (faults.length === 0) faults.push(...tooMany(message));
  if (faults.length > 0) throw new TaskRefused(faults.slice(0, MOST_PROBLEMS));
  const values = fill ? filled(message, data) : data;
  const given = { ...message, data: { ...message.data, ...values } };
  const { problems } = valuesToCheck(given, { all: true }, fill ? 'template' : 'preview');
  if (problems.length > 0) return onlyProblems(problems);
  const options = { data: values, nowMs };
  const texts = textsOf(message, localesOf(message), options);
  const tried: TriedLocale[] = [];
  let found = 0;
  for (const [locale, ofLocale] of texts) {
    const one = tryLocale(message, locale, profiles, options);
    tried.push({ locale, ...ofLocale, ...one });
    found += one.problems.length;
    if (fill && found >= MOST_PROBLEMS) break;
  }
  return tried;
};
