/** The folder that MongoDB's data lives in: may it be written, and which server wrote it. */
import { access, constants, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EmbeddedMongoError } from './errors.js';

const VERSION_FILE = 'mongo.version';

export interface DataFolder {
  path: string;
  /** What mongod calls its dbpath. */
  mongoPath: string;
  logPath: string;
  /** Where mongod puts its Unix socket. */
  socketsPath: string;
}

/** Makes it when it is missing. Rejects with EmbeddedMongoError `FOLDER_NOT_WRITABLE`. */
export const openDataFolder = async (dataDir: string): Promise<DataFolder> => {
  const path = resolve(dataDir);
  const mongoPath = join(path, 'mongo');
  try {
    await mkdir(mongoPath, { recursive: true, mode: 0o700 });
    await access(path, constants.W_OK | constants.X_OK);
    await access(mongoPath, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new EmbeddedMongoError(
      'FOLDER_NOT_WRITABLE',
      `The data folder ${path} cannot be written (${(cause as Error).message}). Change its owner, or set ` +
        'PIGEONPOST_DATA_DIR to a folder that this user may write',
      { cause },
    );
  }
  const socketsPath = join(path, 'sockets');
  return { path, mongoPath, logPath: join(path, 'mongod.log'), socketsPath };
};

/** The exact version that wrote the data last, if any did. */
export const readDataVersion = async (folder: DataFolder): Promise<string | undefined> => {
  const text = await readFile(join(folder.path, VERSION_FILE), 'utf8').catch(() => '');
  return /^\d+\.\d+\.\d+$/.test(text.trim()) ? text.trim() : undefined;
};

export const writeDataVersion = async (folder: DataFolder, version: string): Promise<void> => {
  const path = join(folder.path, VERSION_FILE);
  await writeFile(`${path}.new`, `${version}\n`);
  await rename(`${path}.new`, path);
};
