/** Where the mongod of a data folder listens, for whoever wants to look at its data while its gateway runs. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { type DataFolder, openDataFolder } from './data-folder.js';
import { LOOPBACK } from './port.js';
import { requireOwn } from './replica-set.js';
import { mongodUri } from './run-mongod.js';

const PORT_FILE = 'mongo.port';
const ANSWER_WITHIN_MS = 5_000;

export const writePort = async ({ path }: DataFolder, port: number): Promise<void> => {
  const file = join(path, PORT_FILE);
  await writeFile(`${file}.new`, `${port}\n`);
  await rename(`${file}.new`, file);
};

const answersForFolder = async (port: number, mongoPath: string): Promise<boolean> => {
  const client = new mongo.MongoClient(`mongodb://${LOOPBACK}:${port}/`, {
    directConnection: true,
    serverSelectionTimeoutMS: ANSWER_WITHIN_MS,
  });
  try {
    await requireOwn(client.db('admin').admin(), mongoPath);
    return true;
  } catch {
    return false;
  } finally {
    await client.close();
  }
};

/** The URI of the mongod that runs on this data folder; null when none does, or it cannot be reached. */
export const runningMongoUri = async (dataDir: string): Promise<string | null> => {
  const folder = await openDataFolder(dataDir);
  const port = Number(await readFile(join(folder.path, PORT_FILE), 'utf8').catch(() => ''));
  // The file outlives its mongod, and by now another program may have the port.
  if (!Number.isInteger(port) || port <= 0) return null;
  return (await answersForFolder(port, folder.mongoPath)) ? mongodUri(port) : null;
};
