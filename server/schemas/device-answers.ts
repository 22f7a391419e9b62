/** What device, account and import routes answer, with examples. */
import joi from 'joi';
import { PLATFORMS } from '../../models/expression/facts.js';
import { quietWindow } from './quiet-hours.js';
import { blocksAnswer } from './suppressions.js';
import { deliveryRow } from './task-answers.js';
import { objectId, shownInstant } from './values.js';

const grant = joi.string().valid('granted', 'denied');

export const consentAnswer = joi.object({
  push: grant,
  purposes: joi.object().pattern(joi.string(), grant).required(),
  policyVersion: joi.string(),
  policyVersions: joi
    .object()
    .pattern(joi.string(), joi.string())
    .description('By purpose, what the grant was given for'),
  source: joi.string(),
  at: shownInstant,
});

export const deviceAnswer = joi.object({
  id: objectId.required(),
  vendor: joi.string().required(),
  profile: joi.string().required(),
  token: joi
    .string()
    .required()
    .description('First six and last four characters only: tokens are secrets'),
  installationId: joi.string(),
  account: joi.string(),
  tags: joi.array().items(joi.string()).required(),
  locale: joi.string(),
  timeZone: joi.string(),
  appVersion: joi.string(),
  osVersion: joi.string(),
  quietHours: quietWindow,
  brand: joi.string(),
  platform: joi.string().valid(...PLATFORMS),
  attributes: joi
    .object()
    .pattern(joi.string(), joi.alternatives(joi.string().allow(''), joi.number(), joi.boolean())),
  consent: consentAnswer.required(),
  state: joi
    .string()
    .valid('active', 'suspect', 'gone')
    .required()
    .description('`suspect`: a vendor doubts the token; `gone`: the vendor has given it up'),
  stateReason: joi.string(),
  stateAt: shownInstant,
  registeredAt: shownInstant.required().description('When the token was last presented'),
  lastSeenAt: shownInstant.description('When the app last registered it; an import does not count'),
  createdAt: shownInstant.required(),
  updatedAt: shownInstant.required(),
});

const nextCursor = joi.string().description('For the next page; missing on the last');

export const registeredAnswer = joi.object({ id: objectId.required() });

export const devicesAnswer = joi.object({
  items: joi.array().items(deviceAnswer).required(),
  nextCursor,
});

export const badgeAnswer = joi.object({
  count: joi.number().integer().min(0).required(),
});

export const accountAnswer = joi.object({
  account: joi.string().required(),
  suppressedAt: shownInstant.description('On the suppression list since it was erased'),
  blocks: blocksAnswer,
  items: joi.array().items(deviceAnswer).required().description('Its devices'),
  nextCursor,
});

const mayStillArrive = joi
  .boolean()
  .required()
  .description(
    'A vendor keeps a batch waiting that was on its way: a push of it may still leave. Nothing else is open',
  );

export const deviceErasedAnswer = joi.object({ mayStillArrive });

export const accountErasedAnswer = joi.object({
  erasedDevices: joi.number().integer().min(0).required(),
  mayStillArrive,
});

export const deviceDeliveriesAnswer = joi.object({
  items: joi
    .array()
    .items(
      deliveryRow
        .fork('device', (schema) => schema.forbidden())
        .append({ task: objectId.required() }),
    )
    .required(),
  nextCursor,
});

const count = joi.number().integer().min(0).required();

export const importAnswer = joi.object({
  created: count,
  updated: count,
  unchanged: count.description('Only presented again'),
  refused: count,
  errors: joi
    .array()
    .items(
      joi.object({
        line: joi.number().integer().min(1).required(),
        field: joi.string().allow('').required().description('Empty for the whole line'),
        reason: joi
          .string()
          .required()
          .description(
            '`suppressed`, `busy`, `too-many-attributes`, `account-full`, `app-tags-full`, or a sentence that says what is allowed',
          ),
      }),
    )
    .required()
    .description('The first 1,000 refused lines'),
});

export const EXAMPLE_CONSENT = {
  push: 'granted',
  purposes: { marketing: 'denied' },
  policyVersion: '2026-03',
  policyVersions: { service: '2026-03' },
  source: 'onboarding',
  at: '2026-11-22T09:59:58.000Z',
};

export const EXAMPLE_DEVICE = {
  id: '6921a1b2c3d4e5f607182930',
  vendor: 'sandbox',
  profile: 'default',
  token: 'sandbo…1042',
  installationId: '0b54d5f0-installation',
  account: 'customer-1042',
  tags: ['vip', 'beta'],
  locale: 'de-DE',
  timeZone: 'Europe/Berlin',
  appVersion: '4.2.0',
  osVersion: '17.1',
  quietHours: { from: '21:00', to: '07:30' },
  brand: 'xiaomi',
  platform: 'android',
  attributes: { level: 12, plan: 'gold', renewsAt: '2027-01-31' },
  consent: EXAMPLE_CONSENT,
  state: 'active',
  registeredAt: '2026-11-22T10:00:00.000Z',
  lastSeenAt: '2026-11-22T10:00:00.000Z',
  createdAt: '2026-11-01T08:00:00.000Z',
  updatedAt: '2026-11-22T10:00:00.000Z',
};

export const EXAMPLE_IMPORT = {
  created: 2,
  updated: 0,
  unchanged: 0,
  refused: 1,
  errors: [
    {
      line: 4,
      field: 'timeZone',
      reason: 'Must be the IANA name of a time zone, for example Europe/Berlin',
    },
  ],
};
