/** Values that say something about a device: its tags, its language, its zone, what it agreed to. */
import joi from 'joi';
import { LRUCache } from 'lru-cache';
import { IANAZone } from 'luxon';
import {
  type AttributeChange,
  MAX_ATTRIBUTE_TEXT,
  MAX_ATTRIBUTES,
} from '../../models/attributes.js';
import type { ConsentChange } from '../../models/consent.js';
import { EXPRESSION_LIMITS } from '../../models/expression/expression.js';
import { ATTRIBUTE_NAME, PLATFORMS } from '../../models/expression/facts.js';
import { TAGS_PER_DEVICE } from '../../models/limits.js';
import { MAX_PURPOSES } from '../../models/purpose.js';
import { purpose } from './message.js';
import { MAX_POLICY_VERSION } from './purposes.js';
import { instant } from './values.js';

/** Asking ICU costs more than all the rest of an imported line; an app has some hundred zones and locales. */
const KNOWN = 2_000;

const remembered = <Value extends NonNullable<unknown>>(ask: (text: string) => Value) => {
  const known = new LRUCache<string, Value>({ max: KNOWN });
  return (text: string): Value => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const value = ask(text);
    known.set(text, value);
    return value;
  };
};

/** `de-de` -> `de-DE`; empty for what is no tag of BCP 47. */
const canonicalLocale = remembered((text) => {
  try {
    return Intl.getCanonicalLocales(text)[0] ?? '';
  } catch {
    return '';
  }
});

const isZone = remembered((name) => /^[A-Za-z]/.test(name) && IANAZone.isValidZone(name));

export const locale = joi
  .string()
  .max(35)
  .custom((text: string, helpers) => canonicalLocale(text) || helpers.error('locale.unknown'))
  .description('BCP 47, for example `de-DE`')
  .messages({ 'locale.unknown': 'must be a language tag of BCP 47, for example de-DE' });

export const timeZone = joi
  .string()
  .max(64)
  .custom((name: string, helpers) => (isZone(name) ? name : helpers.error('zone.unknown')))
  .description('IANA name, for example `Europe/Berlin`')
  .messages({ 'zone.unknown': 'must be the IANA name of a time zone, for example Europe/Berlin' });

export const tag = joi
  .string()
  .trim()
  .max(EXPRESSION_LIMITS.tagLength)
  .pattern(/^\P{Cc}+$/u)
  .messages({ 'string.pattern.base': 'must not contain control characters' });

export const tags = joi
  .array()
  .items(tag)
  .max(TAGS_PER_DEVICE)
  .custom((given: string[]) => [...new Set(given)])
  .description('All its tags; they replace those it had');

export const installationId = joi
  .string()
  .pattern(/^[\x21-\x7e]{1,128}$/)
  .description("The app's own id of this installation; it stays when the token changes")
  .messages({ 'string.pattern.base': 'must have 1 to 128 visible ASCII characters' });

const version = joi.string().max(64);
export const appVersion = version.description('Compared as a version, for example `3.10.0`');
export const osVersion = version.description('Compared as a version, for example `17.1`');

export const brand = joi
  .string()
  .lowercase()
  .max(64)
  .description('Of the phone, for example `xiaomi`; kept in lower case');

export const platform = joi
  .string()
  .valid(...PLATFORMS)
  .description("What it runs on; unless it says otherwise, what its vendor's devices run on");

const attributeValue = joi
  .alternatives(
    joi
      .string()
      .allow('')
      .max(MAX_ATTRIBUTE_TEXT)
      .pattern(/^\P{Cc}*$/u),
    joi.number().strict(),
    joi.boolean().strict(),
  )
  .messages({
    'alternatives.types': `must be a number, true, false, null, or a text of at most ${MAX_ATTRIBUTE_TEXT} characters`,
    'alternatives.match': `must be a number, true, false, null, or a text of at most ${MAX_ATTRIBUTE_TEXT} characters`,
  });

export const attributes = joi
  .object<AttributeChange>()
  .pattern(ATTRIBUTE_NAME, attributeValue.allow(null))
  .max(MAX_ATTRIBUTES)
  .description(
    `Values by name (a letter, then letters, digits and underscores); what is not named stays, null removes. A device has at most ${MAX_ATTRIBUTES}. Texts that read as a date or a version compare as such`,
  )
  .messages({
    'object.unknown': 'must be named by 1 to 40 letters, digits and underscores, a letter first',
  });

const grant = joi.string().valid('granted', 'denied');

const policyVersion = joi.string().max(MAX_POLICY_VERSION);

const consentFields = {
  push: grant.description('Pushes at all'),
  purposes: joi
    .object()
    .pattern(purpose, grant)
    .max(MAX_PURPOSES)
    .description('By purpose; what is not named stays as it was'),
  policyVersion: policyVersion.description(
    'Of the text that was agreed to; counts for every purpose that is named here',
  ),
  policyVersions: joi
    .object()
    .pattern(purpose, policyVersion)
    .max(MAX_PURPOSES)
    .description('By purpose, where that differs; `service` has that of `push`'),
  source: joi.string().max(64).description('Where it was given: `ios-settings`, `web-form` ...'),
  at: instant.description(
    'When it was decided; now, unless given. A grant older than the last recorded decision does not count',
  ),
};

/** Consent, with other fields of the caller's beside it. */
export const consentObject = <Body extends ConsentChange>(extra: Record<string, joi.Schema>) =>
  joi.object<Body>({ ...consentFields, ...extra }).or('push', 'purposes');

export const consent = consentObject<ConsentChange>({});
