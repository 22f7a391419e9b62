/** Reads the environment, once, and refuses what it does not know. No other file reads it. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import Joi from 'joi';
import type { Lane } from '../models/task.js';
import type { Engine } from '../transport/index.js';
import type { LogLevel } from './logger.js';
import { type Role, SETTING_NAMES, SETTINGS, type SettingName } from './settings.js';

const PREFIX = 'PIGEONPOST_';
const CACHE_FOLDER = 'pigeonpost';

/** What the settings of `docs/configuration.md` come to. */
export interface Config {
  /** Absent: the embedded MongoDB is started. */
  readonly mongodbUri?: string;
  /** 0: any free port. */
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  /** Where the embedded MongoDB's binary is kept for all checkouts of this user. */
  readonly cacheDir: string;
  /** `<id>.<secret>`; absent only when embedded. */
  readonly operatorKey?: string;
  /** 32 bytes; absent only when embedded. */
  readonly masterKey?: Buffer;
  readonly allowPrivateEndpoints: boolean;
  readonly logLevel: LogLevel;
  readonly role: Role;
  /** What this process plans and sends; empty when its role is `api`. */
  readonly lanes: readonly Lane[];
  /** Proxies in front of the API whose `X-Forwarded-*` are believed; 0: none. */
  readonly trustProxy: number;
  /** Where people reach the API, for links that are given to them; without a slash at its end. */
  readonly publicUrl?: string;
  /** An HTTP CONNECT proxy for requests to vendors. */
  readonly proxy?: string;
  /** The HTTP/2 that requests to vendors leave through. */
  readonly transport: Engine;
  /** Of each lane. */
  readonly batchesInFlight: number;
  readonly bodyLimitBytes: number;
}

/** The environment cannot be used; `problems` names each setting, and repeats no value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(`The configuration cannot be used: ${problems.join('; ')} (see docs/configuration.md)`);
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Values {
  MONGODB_URI?: string;
  PORT: number;
  HOST?: string;
  PIGEONPOST_DATA_DIR: string;
  PIGEONPOST_OPERATOR_KEY?: string;
  PIGEONPOST_MASTER_KEY?: Buffer;
  PIGEONPOST_ALLOW_PRIVATE_ENDPOINTS: boolean;
  PIGEONPOST_LOG_LEVEL: LogLevel;
  PIGEONPOST_ROLE: Role;
  PIGEONPOST_LANES: readonly Lane[];
  PIGEONPOST_TRUST_PROXY: number;
  PIGEONPOST_PUBLIC_URL?: string;
  PIGEONPOST_PROXY?: string;
  PIGEONPOST_TRANSPORT: Engine;
  PIGEONPOST_BATCHES_IN_FLIGHT: number;
  PIGEONPOST_BODY_LIMIT_BYTES: number;
}

const schema = Joi.object<Values>(
  Object.fromEntries(SETTING_NAMES.map((name) => [name, SETTINGS[name].schema])),
);

const isSetting = (name: string): name is SettingName => Object.hasOwn(SETTINGS, name);

const problemOf = ({ path }: Joi.ValidationErrorItem): string => {
  const name = String(path[0]);
  return isSetting(name) ? `${name} must be ${SETTINGS[name].allowed}` : `${name} is not a setting`;
};

const missingKeys = (values: Partial<Values>): string[] => {
  if (values.MONGODB_URI == null) return [];
  const shared = ['PIGEONPOST_MASTER_KEY', 'PIGEONPOST_OPERATOR_KEY'] as const;
  return shared
    .filter((name) => values[name] == null)
    .map((name) => `${name} is required with MONGODB_URI`);
};

/** What a command needs that only looks at the database. */
export type DatabaseConfig = Pick<Config, 'mongodbUri' | 'dataDir' | 'cacheDir'>;

const validate = (env: Environment, missing: (values: Partial<Values>) => string[]): Values => {
  const ours = Object.entries(env).filter(([name]) => isSetting(name) || name.startsWith(PREFIX));
  const result = schema.validate(Object.fromEntries(ours), { abortEarly: false });
  const problems =
    result.error == null
      ? missing(result.value)
      : [...new Set(result.error.details.map(problemOf))];
  if (result.error != null || problems.length > 0) throw new ConfigError(problems);
  return result.value;
};

/** The folder for what can be fetched again: `XDG_CACHE_HOME`, or the platform's usual place. */
export const userCacheDir = (env: Environment = process.env): string => {
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, CACHE_FOLDER);
  const usual = process.platform === 'darwin' ? 'Library/Caches' : '.cache';
  return join(homedir(), usual, CACHE_FOLDER);
};

/** Throws ConfigError, which names every setting that is wrong, missing or unknown. */
export const readConfig = (env: Environment = process.env): Config => {
  const values = validate(env, missingKeys);
  const mongodbUri = values.MONGODB_URI;
  return Object.freeze({
    mongodbUri,
    port: values.PORT,
    // Whoever started it without a database is trying it out: nobody else should reach it.
    host: values.HOST ?? (mongodbUri == null ? '127.0.0.1' : '0.0.0.0'),
    dataDir: values.PIGEONPOST_DATA_DIR,
    cacheDir: userCacheDir(env),
    operatorKey: values.PIGEONPOST_OPERATOR_KEY,
    masterKey: values.PIGEONPOST_MASTER_KEY,
    allowPrivateEndpoints: values.PIGEONPOST_ALLOW_PRIVATE_ENDPOINTS,
    logLevel: values.PIGEONPOST_LOG_LEVEL,
    role: values.PIGEONPOST_ROLE,
    lanes: values.PIGEONPOST_ROLE === 'api' ? [] : values.PIGEONPOST_LANES,
    trustProxy: values.PIGEONPOST_TRUST_PROXY,
    publicUrl: values.PIGEONPOST_PUBLIC_URL,
    proxy: values.PIGEONPOST_PROXY,
    transport: values.PIGEONPOST_TRANSPORT,
    batchesInFlight: values.PIGEONPOST_BATCHES_IN_FLIGHT,
    bodyLimitBytes: values.PIGEONPOST_BODY_LIMIT_BYTES,
  });
};

/** The same environment, but keys may be missing. Throws ConfigError. */
export const readDatabaseConfig = (env: Environment = process.env): DatabaseConfig => {
  const values = validate(env, () => []);
  return {
    mongodbUri: values.MONGODB_URI,
    dataDir: values.PIGEONPOST_DATA_DIR,
    cacheDir: userCacheDir(env),
  };
};
