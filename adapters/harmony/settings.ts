/** What an operator sets for one Harmony profile: the service account key, and a category for each purpose. */
import Joi from 'joi';
import { certificatesPem } from '../pem.js';

/** Classes that Huawei sorts notifications into; all but MARKETING need the right of self-classification. */
export const CATEGORIES = [
  'IM',
  'VOIP',
  'MISS_CALL',
  'SUBSCRIPTION',
  'TRAVEL',
  'HEALTH',
  'WORK',
  'ACCOUNT',
  'EXPRESS',
  'FINANCE',
  'DEVICE_REMINDER',
  'MAIL',
  'MARKETING',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** The parts we use of the key file that Huawei's API Console hands out; the file holds a few more. */
export interface ServiceAccount {
  readonly project_id: string;
  readonly key_id: string;
  /** PEM of an RSA key. */
  readonly private_key: string;
  readonly sub_account: string;
}

export interface ClickAction {
  readonly actionType: 0 | 1;
  readonly action?: string;
  readonly uri?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface HarmonySettings {
  readonly serviceAccount: ServiceAccount;
  /** The app's client id; messages are recalled by it, none is sent by it. */
  readonly clientId?: string;
  readonly endpoint: string;
  readonly categories: Readonly<Record<string, Category>>;
  readonly ca?: string;
  /** Every message is a test message: ten tokens a request, a thousand requests a day. */
  readonly testMessage: boolean;
  readonly receiptId?: string;
  /** What a tap does unless the message says otherwise. */
  readonly defaultClickAction?: ClickAction;
}

export const ENDPOINT = 'https://push-api.cloud.huawei.com';

const MAX_PEM_CHARACTERS = 32_768;
const id = () => Joi.string().max(200);
const pem = () =>
  Joi.string()
    .max(MAX_PEM_CHARACTERS)
    .pattern(/-----BEGIN [A-Z ]+-----/, 'PEM');

/** `action` wins over `uri` on the phone. */
export const clickActionSchema = Joi.object<ClickAction>({
  // 3 and 5 exist in live views only.
  actionType: Joi.number().valid(0, 1).required(),
  action: Joi.string().max(1024),
  uri: Joi.string().max(2048),
  data: Joi.object().unknown(true),
}).when(Joi.object({ actionType: Joi.valid(1).required() }).unknown(), {
  then: Joi.object().or('action', 'uri'),
});

const serviceAccount = Joi.object({
  project_id: id()
    .pattern(/^[\w-]+$/)
    .required(),
  key_id: id().required(),
  private_key: pem().required(),
  sub_account: id().required(),
  auth_uri: Joi.string().max(2048),
  token_uri: Joi.string().max(2048),
  auth_provider_cert_uri: Joi.string().max(2048),
  client_cert_uri: Joi.string().max(2048),
}).unknown(false);

export const settings = Joi.object<HarmonySettings>({
  serviceAccount: serviceAccount.required(),
  // It stands in a path.
  clientId: id().pattern(/^[\w-]+$/),
  endpoint: Joi.string()
    .uri({ scheme: ['https'] })
    .pattern(/^https:\/\/[^/?#@]+$/, 'https://host[:port]')
    .default(ENDPOINT),
  categories: Joi.object()
    .pattern(Joi.string().max(64), Joi.string().valid(...CATEGORIES))
    .default({}),
  ca: certificatesPem(),
  testMessage: Joi.boolean().default(false),
  receiptId: id(),
  defaultClickAction: clickActionSchema,
}).unknown(false);

export const secrets = ['serviceAccount'] as const;
