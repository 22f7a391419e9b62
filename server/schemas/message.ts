/** The neutral message of a task, and what each vendor lets be overridden. */
import joi from 'joi';
import type { Vendor } from '../../adapters/adapter.js';
import { DEFAULT_PURPOSE } from '../../models/app.js';
import { MOST_BADGE } from '../../models/badge.js';
import { BODY_LENGTH, TITLE_LENGTH } from '../../models/limits.js';
import type { Replacement, TaskMessage } from '../../models/task.js';

// Vendors count bytes and are asked before anything is written; these bounds only keep absurdities out.
const MAX_URL = 2_000;
const MAX_DATA_KEYS = 100;
const MAX_DATA_KEY = 200;
const MAX_DATA_VALUE = 4_000;
const MAX_LOCALES = 100;
export const MAX_STORE_SECONDS = 28 * 24 * 60 * 60;

const title = joi.string().max(TITLE_LENGTH);
const body = joi.string().max(BODY_LENGTH);

/** What a browser or a web view would run as a program in place of opening a page. */
const HARMLESS_SCHEME = /^(?!(javascript|data|vbscript):)/i;

const badge = joi
  .alternatives(
    joi.number().strict().integer().min(0).max(MOST_BADGE),
    joi.string().pattern(/^\+[1-9]\d?$/),
  )
  .description("The number on the app's icon, 0 takes it away; `+1` to `+99` add to what it shows")
  .messages({
    'alternatives.match': `must be a whole number from 0 to ${MOST_BADGE}, or text from +1 to +99`,
    'alternatives.types': `must be a whole number from 0 to ${MOST_BADGE}, or text from +1 to +99`,
  });

const url = joi
  .string()
  .uri()
  .pattern(HARMLESS_SCHEME)
  .max(MAX_URL)
  .description(
    'The deep link that opens on a tap; not of the schemes javascript, data and vbscript',
  )
  .messages({ 'string.pattern.base': 'must not be a javascript, data or vbscript URL' });

export const data = joi
  .object<Record<string, string>>()
  .pattern(joi.string().max(MAX_DATA_KEY), joi.string().allow('').max(MAX_DATA_VALUE))
  .max(MAX_DATA_KEYS)
  .description('For the app itself: names and texts');

/** What consent is given for; devices name them in the same way. */
export const purpose = joi
  .string()
  .pattern(/^[a-z][a-z0-9_-]{0,39}$/)
  .description('What consent was given for')
  .messages({
    'string.pattern.base':
      'must be 1 to 40 lower-case letters, digits, hyphens or underscores and begin with a letter',
  });

const MAX_PURPOSES = 50;

/** Of a setting that is about some purposes only. */
export const purposes = joi.array().items(purpose).min(1).max(MAX_PURPOSES).unique();

// https://www.rfc-editor.org/rfc/rfc5646#section-2.1, as far as vendors and phones use it.
const LOCALE = /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/;

const localized = joi
  .object()
  .pattern(LOCALE, joi.object({ title, body }).min(1))
  .max(MAX_LOCALES)
  .description('Texts by BCP 47 locale; `zh-Hant` also serves `zh-Hant-TW`');

// Fits every vendor's payload in any script, so that no recall is refused for its size.
const MAX_REPLACEMENT_TITLE = 200;
const MAX_REPLACEMENT_BODY = 1_000;

const replacementText = {
  title: joi.string().max(MAX_REPLACEMENT_TITLE),
  body: joi.string().max(MAX_REPLACEMENT_BODY),
};

/** What is to be seen in the place of a recalled push. */
export const replacement = joi
  .object<Replacement>({
    ...replacementText,
    localized: joi
      .object()
      .pattern(LOCALE, joi.object(replacementText).min(1))
      .max(MAX_LOCALES)
      .description('Texts by BCP 47 locale'),
  })
  .or('title', 'body')
  .description(
    'Seen where a vendor cannot remove a push without a trace; shown only to those who still consent',
  );

const overridesOf = (vendors: ReadonlyMap<string, Vendor>) =>
  joi
    .object(Object.fromEntries([...vendors].map(([name, vendor]) => [name, vendor.overrides])))
    .description("By vendor: fields of its own, held against the vendor's schema");

/** Fields that show something, which a silent message does not. */
const VISIBLE = ['title', 'body', 'image', 'badge', 'sound', 'localized'] as const;

const isEmpty = ({ title, body, badge, data, silent }: TaskMessage): boolean =>
  title == null && body == null && badge == null && !silent && Object.keys(data ?? {}).length === 0;

const whole: joi.CustomValidator<TaskMessage> = (message, helpers) => {
  const shownBySilent = message.silent
    ? VISIBLE.find((field) => message[field] != null)
    : undefined;
  if (shownBySilent != null) return helpers.error('message.silent', { shown: shownBySilent });
  if (isEmpty(message)) return helpers.error('message.empty');
  // A push that wakes the app in the background must not claim to be urgent; one that a person sees is.
  return { ...message, priority: message.priority ?? (message.silent ? 'normal' : 'high') };
};

export const messageSchema = (vendors: ReadonlyMap<string, Vendor>) =>
  joi
    .object<TaskMessage>({
      title,
      body,
      data,
      image: joi
        .string()
        .uri({ scheme: ['https'] })
        .max(MAX_URL)
        .description('An https URL'),
      url,
      badge,
      sound: joi.string().max(100),
      silent: joi
        .boolean()
        .strict()
        .default(false)
        .description('A background message: shows nothing, only `data` reaches the app'),
      priority: joi
        .string()
        .valid('high', 'normal')
        .description('`high` unless the message is silent'),
      collapseKey: joi
        .string()
        .max(64)
        .description('A later message with the same key takes the place of this one'),
      purpose: purpose.default(DEFAULT_PURPOSE),
      storeSeconds: joi
        .number()
        .strict()
        .integer()
        .min(0)
        .max(MAX_STORE_SECONDS)
        .description('How long the vendor keeps it for an offline device; 0 is now or never'),
      localized,
      overrides: overridesOf(vendors),
    })
    .custom(whole)
    .messages({
      'message.empty': 'must have a title, a body, a badge or data, or be silent',
      'message.silent': 'is silent and so must not have {{#shown}}',
    });
