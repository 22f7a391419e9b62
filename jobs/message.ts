/** From a task's message to the one message a vendor gets: locale, personal data, overrides and the remaining time. */
import type { Message, Vendor } from '../adapters/adapter.js';
import type { LocalizedText, Task, TaskMessage } from '../models/task.js';
import { renderText, type Values } from './template-text.js';

/** What two devices must share to get the same message. */
export interface Variant {
  /** A key of `message.localized`, or empty for the default text. */
  readonly locale: string;
  readonly data?: Readonly<Record<string, string>>;
}

const FALLBACK = '';
const SECOND_MS = 1_000;

/** The text for a device's locale: its own, else each shorter form of it (`zh-Hant-TW`, `zh-Hant`, `zh`), else the default. */
export const localeFor = (
  localized: TaskMessage['localized'],
  locale: string | undefined,
): string => {
  if (localized == null || locale == null) return FALLBACK;
  const subtags = locale.split('-');
  for (let length = subtags.length; length > 0; length -= 1) {
    const candidate = subtags.slice(0, length).join('-');
    if (Object.hasOwn(localized, candidate)) return candidate;
  }
  return FALLBACK;
};

/** All locales a message is written in, the default text first. */
export const localesOf = (message: TaskMessage): string[] => [
  FALLBACK,
  ...Object.keys(message.localized ?? {}),
];

type MessageTask = Pick<
  Task,
  '_id' | 'message' | 'expiresAt' | 'createdAt' | 'scheduledAt' | 'recallOf'
>;

const remainingStoreSeconds = (task: MessageTask, maxSeconds: number, nowMs: number): number => {
  const asked = task.message.storeSeconds;
  if (asked === 0) return 0;
  const untilMs =
    asked == null
      ? task.expiresAt.getTime()
      : (task.scheduledAt ?? task.createdAt).getTime() + asked * SECOND_MS;
  // Less than a second left is still not "now or never", which the caller did not ask for.
  return Math.max(1, Math.min(maxSeconds, Math.floor((untilMs - nowMs) / SECOND_MS)));
};

/** Texts of a template have their values put in, others are what they say. Throws Unresolved. */
const textsFor = (
  { title, body, localized, template }: TaskMessage,
  locale: string,
  data: Values,
): LocalizedText => {
  const ofLocale = localized?.[locale];
  if (template == null) return ofLocale ?? {};
  const language = { ...template, locale: locale === FALLBACK ? template.locale : locale };
  const texts = Object.entries({ title, body, ...ofLocale });
  return Object.fromEntries(
    texts.flatMap(([field, text]) =>
      text == null ? [] : [[field, renderText(text, language, data)]],
    ),
  );
};

/** Throws Unresolved for a template, when a placeholder has no value that fits. */
export const messageFor = (
  task: MessageTask,
  vendor: Pick<Vendor, 'name' | 'limits'>,
  variant: Variant,
  nowMs: number,
): Message => {
  const { localized: _texts, template: _t, overrides, storeSeconds: _s, ...shared } = task.message;
  const data = variant.data == null ? shared.data : { ...shared.data, ...variant.data };
  const ofVendor = overrides?.[vendor.name];
  // A recall names the push as that was named.
  const named = task.recallOf ?? task._id;
  return {
    ...shared,
    ...textsFor(task.message, variant.locale, data ?? {}),
    ...(data == null ? {} : { data }),
    ...(ofVendor == null ? {} : { overrides: ofVendor }),
    taskId: named.toHexString(),
    dedupeId: Buffer.from(named.id).toString('base64url'),
    storeSeconds: remainingStoreSeconds(task, vendor.limits.maxStoreSeconds, nowMs),
  };
};
