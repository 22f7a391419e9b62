/** Puts a template together as a task would, for everybody to see before anything is sent. */
import type { Problem } from '../adapters/adapter.js';
import { newTaskId, type TaskMessage } from '../models/task.js';
import { toldOf } from './check-message.js';
import { localesOf, messageFor } from './message.js';
import type { OpenProfile } from './profiles.js';
import type { Values } from './template-text.js';
import { filled, unreadable, valuesToCheck } from './template-values.js';

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

const tryLocale = (
  message: TaskMessage,
  locale: string,
  profiles: readonly OpenProfile[],
  { data, nowMs }: TryOptions,
): TriedLocale => {
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
  // Vendors differ in what they take, not in the texts.
  const any = { name: '', limits: { payloadBytes: 0, targetsPerRequest: 1, maxStoreSeconds: 0 } };
  const { title, body } = messageFor(task, any, { locale, data }, nowMs);
  const texts = { ...(title == null ? {} : { title }), ...(body == null ? {} : { body }) };
  return { locale, ...texts, sizes, problems };
};

/** In all locales that it is written in; `fill` puts something where nothing is known. Problems come first, alone. */
export const tryTemplate = (
  message: TaskMessage,
  profiles: readonly OpenProfile[],
  { data, nowMs, fill }: TryOptions & { readonly fill: boolean },
): readonly TriedLocale[] => {
  const faults = unreadable(message);
  if (faults.length > 0) return [{ locale: '', sizes: [], problems: faults }];
  const values = fill ? filled(message, data) : data;
  const given = { ...message, data: { ...message.data, ...values } };
  const { problems } = valuesToCheck(given, { all: true });
  if (problems.length > 0) return [{ locale: '', sizes: [], problems }];
  return localesOf(message).map((locale) =>
    tryLocale(message, locale, profiles, { data: values, nowMs }),
  );
};
