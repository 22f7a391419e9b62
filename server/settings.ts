/** Every environment variable the gateway reads: what is allowed, and what holds when it is absent. */
import Joi from 'joi';
import { LANES } from '../models/task.js';
import { ENGINES } from '../transport/index.js';
import { LOG_LEVELS } from './logger.js';
import { DEFAULT_BODY_LIMIT_BYTES } from './parts.js';

export const ROLES = ['api', 'worker', 'all'] as const;
export type Role = (typeof ROLES)[number];

export const OPERATOR_KEY_PATTERN = /^[A-Za-z0-9_-]{1,64}\.[A-Za-z0-9_-]{32,256}$/;
const MASTER_KEY_BYTES = 32;
const MONGODB_URI_PATTERN = /^mongodb(\+srv)?:\/\/\S+$/;
const ON = ['on', 'true', '1'];
const OFF = ['off', 'false', '0'];

/** 32 bytes as base64, base64url or 64 hex digits; null when it is anything else. */
export const decodeMasterKey = (text: string): Buffer | null => {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex');
  const bytes = Buffer.from(text, 'base64url');
  const plain = text.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_');
  // Decoding skips what it does not know; encoding again shows whether it skipped anything.
  const exact = bytes.toString('base64url') === plain;
  return exact && bytes.length === MASTER_KEY_BYTES ? bytes : null;
};

const masterKey: Joi.CustomValidator = (text: string, helpers) =>
  decodeMasterKey(text) ?? helpers.error('any.invalid');

const proxyUrl: Joi.CustomValidator = (text: string, helpers) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const bare = url?.pathname === '/' && url.search === '' && url.hash === '';
  return bare && url.protocol === 'http:' ? text : helpers.error('any.invalid');
};

/** Paths are put behind it. */
const publicUrl: Joi.CustomValidator = (text: string, helpers) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isWeb = url != null && ['http:', 'https:'].includes(url.protocol);
  const isBare = url?.username === '' && url.search === '' && url.hash === '';
  return isWeb && isBare ? text.replace(/\/+$/, '') : helpers.error('any.invalid');
};

/** In their own order, each once. */
const someLanes: Joi.CustomValidator = (text: string, helpers) => {
  const named = new Set(text.split(',').map((name) => name.trim()));
  const lanes = LANES.filter((lane) => named.has(lane));
  return lanes.length === named.size ? lanes : helpers.error('any.invalid');
};

const onOrOff: Joi.CustomValidator = (text: string, helpers) => {
  if (ON.includes(text)) return true;
  return OFF.includes(text) ? false : helpers.error('any.invalid');
};

export interface Setting {
  readonly schema: Joi.Schema;
  /** Completes "NAME must be ..."; the value itself is never repeated, for it may be a secret. */
  readonly allowed: string;
}

const text = (): Joi.StringSchema => Joi.string().trim().empty('');
const whole = (): Joi.NumberSchema => Joi.number().integer().empty('');

export const SETTINGS = {
  MONGODB_URI: {
    schema: text().pattern(MONGODB_URI_PATTERN),
    allowed: 'a URI that begins with mongodb:// or mongodb+srv://',
  },
  PORT: {
    schema: whole().min(0).max(65_535).default(8080),
    allowed: 'a port, 0 to 65535',
  },
  HOST: {
    schema: Joi.alternatives(text().ip({ cidr: 'forbidden' }), text().hostname()).empty(''),
    allowed: 'an IP address or a host name',
  },
  PIGEONPOST_DATA_DIR: {
    schema: text().default('./data'),
    allowed: 'a path',
  },
  PIGEONPOST_OPERATOR_KEY: {
    schema: text().pattern(OPERATOR_KEY_PATTERN),
    allowed:
      '<id>.<secret>: an id of 1 to 64 and a secret of at least 32 characters, all of A-Z a-z 0-9 _ -',
  },
  PIGEONPOST_MASTER_KEY: {
    schema: text().custom(masterKey),
    allowed: '32 bytes as base64, base64url or 64 hex digits',
  },
  PIGEONPOST_ALLOW_PRIVATE_ENDPOINTS: {
    schema: text().lowercase().custom(onOrOff).default(false),
    allowed: 'on or off',
  },
  PIGEONPOST_LOG_LEVEL: {
    schema: text()
      .valid(...LOG_LEVELS)
      .default('info'),
    allowed: `one of ${LOG_LEVELS.join(', ')}`,
  },
  PIGEONPOST_ROLE: {
    schema: text()
      .valid(...ROLES)
      .default('all'),
    allowed: `one of ${ROLES.join(', ')}`,
  },
  PIGEONPOST_LANES: {
    schema: text().custom(someLanes).default(LANES),
    allowed: `a list, with commas between them, of ${LANES.join(', ')}`,
  },
  PIGEONPOST_TRUST_PROXY: {
    schema: whole().empty(Joi.valid('', 'off')).min(0).max(16).default(0),
    allowed: 'off, or the number of proxies in front, at most 16',
  },
  PIGEONPOST_PUBLIC_URL: {
    schema: text().custom(publicUrl),
    allowed: 'http://host[:port][/path] or https://..., without user, query and fragment',
  },
  PIGEONPOST_PROXY: {
    schema: text().custom(proxyUrl),
    allowed: 'http://[user:password@]host[:port]',
  },
  PIGEONPOST_TRANSPORT: {
    schema: text()
      .valid(...ENGINES)
      .default('own'),
    allowed: `one of ${ENGINES.join(', ')}`,
  },
  PIGEONPOST_BATCHES_IN_FLIGHT: {
    schema: whole().min(1).max(64).default(3),
    allowed: 'a whole number, 1 to 64',
  },
  PIGEONPOST_BODY_LIMIT_BYTES: {
    schema: whole()
      .min(1)
      .max(64 * 1024 * 1024)
      .default(DEFAULT_BODY_LIMIT_BYTES),
    allowed: 'a whole number of bytes, 1 to 67108864',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];
