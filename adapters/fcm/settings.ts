/** What an operator configures for FCM: whose service account, and where Google is. */
import { createPrivateKey } from 'node:crypto';
import Joi, { type ObjectSchema } from 'joi';
import { certificatesPem } from '../pem.js';

/** The members of a service account file that are used; the others are dropped. */
export interface ServiceAccount {
  readonly type: 'service_account';
  readonly project_id: string;
  readonly client_email: string;
  /** RSA, PEM. */
  readonly private_key: string;
}

export interface FcmSettings {
  readonly serviceAccount: ServiceAccount;
  /** `https://host[:port]`. */
  readonly endpoint: string;
  readonly tokenEndpoint: string;
  /** PEM of additional authorities, for both endpoints. */
  readonly ca?: string;
  /** `http://[user:password@]host:port`. */
  /** Android notification channel by purpose. */
  readonly channels: Readonly<Record<string, string>>;
  readonly defaultChannel?: string;
  readonly restrictedPackageName?: string;
  /** The app removes a notification when a silent push tells it to. */
  readonly recallByApp: boolean;
}

export const DEFAULT_ENDPOINT = 'https://fcm.googleapis.com';
export const DEFAULT_TOKEN_ENDPOINT = 'https://oauth2.googleapis.com/token';

/** Google has written these into service account files; all mean the token endpoint above. */
const GOOGLE_TOKEN_URIS = [
  DEFAULT_TOKEN_ENDPOINT,
  'https://accounts.google.com/o/oauth2/token',
  'https://www.googleapis.com/oauth2/v4/token',
];

const rsaPrivateKey = (pem: string): string => {
  let type: string | undefined;
  try {
    type = createPrivateKey(pem).asymmetricKeyType;
  } catch {
    throw new Error('is not a private key in PEM');
  }
  if (type !== 'rsa') throw new Error('is not an RSA key');
  return pem;
};

const httpsUrl = (url: string): URL => {
  const parsed = new URL(url);
  if (parsed.username !== '' || parsed.password !== '' || parsed.hash !== '') {
    throw new Error('must not hold a user, a password or a fragment');
  }
  return parsed;
};

const originOnly = (url: string): string => {
  const { origin, pathname, search } = httpsUrl(url);
  if (pathname !== '/' || search !== '') throw new Error('must not have a path');
  return origin;
};

const because = { 'any.custom': '{{#label}} {{#error.message}}' };

/** An object, or its JSON as text: operators paste whole files. */
const jsonObject = Joi.extend((joi: typeof Joi) => ({
  type: 'jsonObject',
  base: joi.object(),
  coerce: {
    from: 'string',
    method(text: string) {
      try {
        return { value: JSON.parse(text) as unknown };
      } catch {
        // What the schema then says of a text is said of the text.
        return { value: text };
      }
    },
  },
})) as typeof Joi & { jsonObject(): ObjectSchema };

const serviceAccount = jsonObject
  .jsonObject()
  .keys({
    // Other types of credentials may name any URL to be called for a token.
    type: Joi.string().valid('service_account').required(),
    project_id: Joi.string()
      .pattern(/^[a-z0-9:.-]+$/, 'the letters of a project id')
      .max(100)
      .required(),
    client_email: Joi.string().email({ tlds: false }).required(),
    private_key: Joi.string().custom(rsaPrivateKey).required(),
    // Never called. Whoever has a file for another endpoint has to say so in the settings.
    token_uri: Joi.string()
      .valid(...GOOGLE_TOKEN_URIS, Joi.ref('...tokenEndpoint'))
      .strip(),
  })
  // Google adds members to the file; none of them matters here.
  .options({ stripUnknown: true });

const channel = Joi.string().min(1).max(200);

export const settings = Joi.object<FcmSettings>({
  serviceAccount: serviceAccount.required(),
  endpoint: Joi.string().uri({ scheme: 'https' }).custom(originOnly).default(DEFAULT_ENDPOINT),
  tokenEndpoint: Joi.string()
    .uri({ scheme: 'https' })
    .custom((url: string) => httpsUrl(url).href)
    .default(DEFAULT_TOKEN_ENDPOINT),
  ca: certificatesPem(),
  channels: Joi.object().pattern(Joi.string(), channel).default({}),
  defaultChannel: channel,
  restrictedPackageName: Joi.string().pattern(/^[A-Za-z]\w*(\.[A-Za-z]\w*)+$/, 'a package name'),
  recallByApp: Joi.boolean().default(false),
}).messages(because);
