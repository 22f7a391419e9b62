/** The embedded gateway's two keys: made on the first start, kept in files that only their owner may read. */
import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from './config.js';
import { decodeMasterKey, OPERATOR_KEY_PATTERN } from './settings.js';

const KEY_BYTES = 32;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

export interface Keys {
  readonly masterKey: Buffer;
  readonly operatorKey: string;
  /** Where the operator's key was put, when this start made it: the moment to show it. */
  readonly operatorKeyMadeIn?: string;
}

/** A key file that must not or cannot be used; the message names it and says what to do. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

const hasCode = (error: unknown, code: string): boolean =>
  (error as NodeJS.ErrnoException).code === code;

/** Null when there is no such file. */
const readKeyFile = async (path: string): Promise<string | null> => {
  try {
    const { mode } = await stat(path);
    if ((mode & OTHERS) !== 0) {
      throw new KeyFileError(
        `${path} can be read by others (mode ${(mode & 0o777).toString(8)}): consider the key known to them, or chmod 600 it`,
      );
    }
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
};

/** Whether this call made it: of two that try at once one does, and nobody ever sees half a file. */
const createKeyFile = async (path: string, key: string): Promise<boolean> => {
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, 'wx', OWNER_ONLY);
  try {
    await file.writeFile(`${key}\n`);
    await file.sync();
    await link(draft, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await file.close();
    await rm(draft, { force: true });
  }
};

const keyInFile = async (
  path: string,
  make: () => string,
): Promise<{ key: string; made: boolean }> => {
  const made = (await readKeyFile(path)) == null && (await createKeyFile(path, make()));
  const key = await readKeyFile(path);
  if (key == null) throw new KeyFileError(`${path} has disappeared`);
  return { key, made };
};

const masterKeyInFile = async (dataDir: string): Promise<Buffer> => {
  const path = join(dataDir, 'master.key');
  const { key } = await keyInFile(path, () => randomBytes(KEY_BYTES).toString('base64url'));
  const bytes = decodeMasterKey(key);
  if (bytes == null) {
    throw new KeyFileError(`${path} does not hold 32 bytes as base64url; restore it from a backup`);
  }
  return bytes;
};

const operatorKeyInFile = async (
  dataDir: string,
): Promise<Pick<Keys, 'operatorKey' | 'operatorKeyMadeIn'>> => {
  const path = join(dataDir, 'operator.key');
  const make = (): string => `operator.${randomBytes(KEY_BYTES).toString('base64url')}`;
  const { key, made } = await keyInFile(path, make);
  if (!OPERATOR_KEY_PATTERN.test(key)) {
    throw new KeyFileError(`${path} does not hold <id>.<secret>; delete it and a new key is made`);
  }
  return { operatorKey: key, ...(made && { operatorKeyMadeIn: path }) };
};

/**
 * Keys given in the environment win; with MONGODB_URI both are (readConfig sees to it) and no file is touched. Rejects
 * with KeyFileError, or with the file system's error when the data folder cannot be used.
 */
export const loadKeys = async ({
  dataDir,
  masterKey,
  operatorKey,
}: Pick<Config, 'dataDir' | 'masterKey' | 'operatorKey'>): Promise<Keys> => {
  if (masterKey == null || operatorKey == null) {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
  }
  return {
    masterKey: masterKey ?? (await masterKeyInFile(dataDir)),
    ...(operatorKey == null ? await operatorKeyInFile(dataDir) : { operatorKey }),
  };
};
