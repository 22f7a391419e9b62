/** From a task's message to the one message a vendor gets: locale, personal data, overrides and the remaining time. */
import type { Message, Vendor } from '../adapters/adapter.js';
import { addedBy, type BadgeWish, MOST_BADGE } from '../models/badge.js';
import { BODY_LENGTH, TITLE_LENGTH } from '../models/limits.js';
import type { LocalizedText, Task, TaskMessage } from '../models/task.js';
import { type Place, renderText, type Values } from './template-text.js';

/** What two devices must share to get the same message. */
export interface Variant {
  /** A key of `message.localized`, or empty for the default text. */
  readonly locale: string;
  readonly data?: Readonly<Record<string, string>>;
  /** What was counted for the icon, where the message adds to it. */
  readonly badge?: number;
}

const FALLBACK = '';
const SECOND_MS = 1_000;

/** The text for a device's locale: its own, else each shorter form of it (`zh-Hant-TW`, `zh-Hant`, `zh`), else the default. */
export const localeFor = (
  localized: Readonly<Record<string, unknown>> | undefined,
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

const LONGEST = { title: TITLE_LENGTH, body: BODY_LENGTH } as const;

const placeOf = (field: keyof typeof LONGEST, locale: string, isOfLocale: boolean): Place => ({
  field: isOfLocale ? `message.localized.${locale}.${field}` : `message.${field}`,
  longest: LONGEST[field],
});

/** Texts of a template have their values put in, others are what they say. Throws Unresolved and Unwritable. */
const textsFor = (
  { title, body, localized, template }: TaskMessage,
  locale: string,
  data: Values,
): LocalizedText => {
  const ofLocale = localized?.[locale];
  if (template == null) return ofLocale ?? {};
  const language = { ...template, locale: locale === FALLBACK ? template.locale : locale };
  const written: LocalizedText = {};
  for (const field of ['title', 'body'] as const) {
    const own = ofLocale?.[field];
    const text = own ?? { title, body }[field];
    if (text == null) continue;
    const place = placeOf(field, locale, own != null);
    written[field] = renderText(text, language, data, place);
  }
  return written;
};

/** Where nothing has been counted, as when a message is only checked, the number that takes most room. */
const badgeFor = (
  wish: BadgeWish | undefined,
  { countsBadges }: Pick<Vendor, 'countsBadges'>,
  counted = MOST_BADGE,
): Pick<Message, 'badge' | 'badgeAdded'> => {
  if (wish == null) return {};
  if (typeof wish === 'number') return { badge: wish };
  return countsBadges ? { badgeAdded: addedBy(wish) } : { badge: counted };
};

/** Throws Unresolved and Unwritable for a template that has no text with these values. */
export const messageFor = (
  task: MessageTask,
  vendor: Pick<Vendor, 'name' | 'limits' | 'countsBadges'>,
  variant: Variant,
  nowMs: number,
): Message => {
  const { localized: _texts, template: _t, storeSeconds: _s, ...given } = task.message;
  const { overrides, badge, ...shared } = given;
  const data = variant.data == null ? shared.data : { ...shared.data, ...variant.data };
  const ofVendor = overrides?.[vendor.name];
  // A recall names the push as that was named.
  const named = task.recallOf ?? task._id;
  return {
    ...shared,
    ...badgeFor(badge, vendor, variant.badge),
    ...textsFor(task.message, variant.locale, data ?? {}),
    ...(data == null ? {} : { data }),
    ...(ofVendor == null ? {} : { overrides: ofVendor }),
    taskId: named.toHexString(),
    dedupeId: Buffer.from(named.id).toString('base64url'),
    storeSeconds: remainingStoreSeconds(task, vendor.limits.maxStoreSeconds, nowMs),
  };
};
