/** What app and key routes take and answer. */
import joi from 'joi';
import { RETENTION_DAYS, type RetentionDays } from '../../models/app.js';
import type { Cap } from '../../models/caps.js';
import { CLIENT_SCOPE, SCOPES, type Scope, SERVER_SCOPES } from '../../models/key.js';
import { DEVICES_PER_ACCOUNT, MOST_DEVICES_PER_ACCOUNT } from '../../models/limits.js';
import type { QuietSettings } from '../../models/quiet-hours.js';
import { caps } from './caps.js';
import { quietHours, urgentPurposes } from './quiet-hours.js';
import { appId, displayName, shownInstant } from './values.js';

const allowRawTokens = joi
  .boolean()
  .strict()
  .description('Tasks may name unregistered tokens when the caller asserts consent');
const retentionDays = joi
  .number()
  .strict()
  .valid(...RETENTION_DAYS)
  .description('How long delivery rows are kept');

const devicesPerAccount = joi
  .number()
  .strict()
  .integer()
  .min(1)
  .max(MOST_DEVICES_PER_ACCOUNT)
  .description('One account may have so many devices; those whose token is gone do not count');

export interface AppRequest {
  id: string;
  name: string;
  allowRawTokens: boolean;
  retentionDays: RetentionDays;
  devicesPerAccount: number;
}

export const appRequest = joi.object<AppRequest, true>({
  id: appId.required(),
  name: displayName.required(),
  allowRawTokens: allowRawTokens.default(false),
  retentionDays: retentionDays.default(90),
  devicesPerAccount: devicesPerAccount.default(DEVICES_PER_ACCOUNT),
});

/** What is missing stays as it is. */
export interface AppChange extends Partial<Omit<AppRequest, 'id'>> {
  /** Null: none any more. */
  quietHours?: QuietSettings | null;
  /** Null: none any more. */
  caps?: Cap[] | null;
  urgentPurposes?: string[];
}

export const appPatch = joi
  .object<AppChange>({
    name: displayName,
    allowRawTokens,
    retentionDays,
    quietHours: quietHours.allow(null),
    caps: caps.allow(null),
    urgentPurposes,
    devicesPerAccount,
  })
  .min(1);

export interface KeyRequest {
  name: string;
  scopes: Scope[];
}

const scopes = joi.alternatives<Scope[]>(
  joi
    .array()
    .items(joi.string().valid(...SERVER_SCOPES))
    .min(1)
    .unique(),
  joi.array().items(joi.string().valid(CLIENT_SCOPE)).length(1),
);

const ANY_SCOPES = `a list of ${SERVER_SCOPES.join(', ')}, or ${CLIENT_SCOPE} alone`;

export const keyRequest = joi.object<KeyRequest>({
  name: displayName.required(),
  scopes: scopes
    .required()
    .description(`Must be ${ANY_SCOPES}, for mobile apps`)
    .messages({ 'alternatives.match': `must be ${ANY_SCOPES}` }),
});

export const appParams = joi.object<{ app: string }>({ app: joi.string().required() });
export const keyParams = joi.object<{ app: string; key: string }>({
  app: joi.string().required(),
  key: joi.string().required().description("The key's id, the part before the dot"),
});

const appFields = {
  id: appId.required(),
  name: joi.string().required(),
  allowRawTokens: allowRawTokens.required(),
  retentionDays: retentionDays.required(),
  quietHours,
  caps,
  urgentPurposes,
  devicesPerAccount: devicesPerAccount.required(),
  createdAt: shownInstant.required(),
};
const keyFields = {
  id: joi.string().required(),
  name: joi.string().required(),
  scopes: joi
    .array()
    .items(joi.string().valid(...SCOPES))
    .required(),
  createdAt: shownInstant.required(),
};

export const appAnswer = joi.object(appFields);
export const appsAnswer = joi.object({ items: joi.array().items(appAnswer).required() });

export const keyCreatedAnswer = joi.object({
  ...keyFields,
  key: joi
    .string()
    .description('`<id>.<secret>`, what follows `Bearer `. Shown once; a replay has it not'),
});
export const keysAnswer = joi.object({
  items: joi
    .array()
    .items(joi.object({ ...keyFields, revokedAt: shownInstant }))
    .required(),
});

export const appCreatedAnswer = joi.object({
  ...appFields,
  identitySecret: joi
    .string()
    .description('HS256 key of account proofs. Shown once; a replay has it not'),
  adminKey: keyCreatedAnswer.required(),
});
