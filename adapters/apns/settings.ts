/** What an operator sets for one APNs profile: a signing key or a certificate, the topic, and the environment. */
import Joi from 'joi';
import { certificatesPem } from '../pem.js';
import { PUSH_TYPE_NAMES, type PushType } from './push-types.js';

export type Environment = 'production' | 'sandbox';

export type CertificateSetting =
  | { readonly p12: string; readonly passphrase?: string }
  | { readonly cert: string; readonly key: string; readonly passphrase?: string };

export interface ApnsSettings {
  readonly teamId?: string;
  readonly keyId?: string;
  /** PEM of the `.p8` file. */
  readonly privateKey?: string;
  readonly certificate?: CertificateSetting;
  readonly bundleId: string;
  readonly environment: Environment;
  readonly endpoint: string;
  /** Topics that do not follow from the bundle id, by push type; `mdm` has no other. */
  readonly topics?: Readonly<Partial<Record<PushType, string>>>;
  /** The app removes a notification when a silent push tells it to. */
  readonly recallByApp: boolean;
  readonly ca?: string;
}

// https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
export const ENDPOINTS: Readonly<Record<Environment, string>> = {
  production: 'https://api.push.apple.com',
  sandbox: 'https://api.sandbox.push.apple.com',
};

const MAX_PEM_CHARACTERS = 32_768;
const MAX_TOPIC_CHARACTERS = 255;

const pem = () =>
  Joi.string()
    .max(MAX_PEM_CHARACTERS)
    .pattern(/-----BEGIN [A-Z ]+-----/, 'PEM');
// A topic travels in a header.
const topic = () =>
  Joi.string()
    .max(MAX_TOPIC_CHARACTERS)
    .pattern(/^[\x21-\x7e]+$/, 'printable ASCII');
const appleId = () => Joi.string().pattern(/^[A-Z0-9]{10}$/, 'ten capital letters and digits');

const certificate = Joi.object({
  p12: Joi.string().base64().max(MAX_PEM_CHARACTERS),
  cert: pem(),
  key: pem(),
  passphrase: Joi.string().max(1024).allow(''),
})
  .xor('p12', 'cert')
  .and('cert', 'key');

export const settings = Joi.object<ApnsSettings>({
  teamId: appleId(),
  keyId: appleId(),
  privateKey: pem(),
  certificate,
  bundleId: topic().required(),
  environment: Joi.string().valid('production', 'sandbox').default('production'),
  endpoint: Joi.string()
    .uri({ scheme: ['https'] })
    .pattern(/^https:\/\/[^/?#@]+$/, 'https://host[:port]')
    .default(
      (given: { environment?: Environment }) => ENDPOINTS[given.environment ?? 'production'],
    ),
  topics: Joi.object(Object.fromEntries(PUSH_TYPE_NAMES.map((name) => [name, topic()]))),
  recallByApp: Joi.boolean().default(false),
  ca: certificatesPem(),
})
  .xor('privateKey', 'certificate')
  .and('privateKey', 'teamId', 'keyId')
  .unknown(false);

export const secrets = ['privateKey', 'certificate'] as const;
