/** Keeps mongod's log small: one file of bounded size, and the one before. */
import { rename, stat } from 'node:fs/promises';
import { mongo } from 'mongoose';
import { LOOPBACK } from './port.js';

const LIMIT_BYTES = 10 * 1024 * 1024;
const LOOK_EVERY_MS = 60_000;

/** Puts a log that has grown too large aside, over the one put aside before. Tells whether it did. */
export const putLogAside = async (logPath: string, limitBytes = LIMIT_BYTES): Promise<boolean> => {
  const bytes = await stat(logPath).then(
    (file) => file.size,
    () => 0,
  );
  if (bytes < limitBytes) return false;
  await rename(logPath, `${logPath}.1`);
  return true;
};

/** Lets a running mongod, started with `--logRotate reopen`, begin a new file when the old one is large. */
export const rotateLog = async (
  logPath: string,
  port: number,
  { limitBytes = LIMIT_BYTES } = {},
): Promise<void> => {
  if (!(await putLogAside(logPath, limitBytes))) return;
  const client = new mongo.MongoClient(`mongodb://${LOOPBACK}:${port}/`, {
    directConnection: true,
  });
  try {
    await client.db('admin').command({ logRotate: 'server' });
  } finally {
    await client.close();
  }
};

/** Returns what ends it. */
export const keepLogSmall = (
  logPath: string,
  port: number,
  onError: (error: unknown) => void,
): (() => void) => {
  const timer = setInterval(() => {
    rotateLog(logPath, port).catch(onError);
  }, LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
};
