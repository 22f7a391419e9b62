/** Downloaded mongods, one folder a version, shared by every checkout of this user. */
import { randomUUID } from 'node:crypto';
import {
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { mongodVersion } from './mongod-version.js';
import { sha256OfFile } from './wheel.js';

const RECORD = 'mongod.json';

export interface Mongod {
  /** A path, or a name on PATH. */
  command: string;
  version: string;
}

/** Written beside a binary once it is whole, so that a truncated one is noticed without reading 140 MB. */
interface CacheRecord {
  version: string;
  bytes: number;
  sha256: string;
}

const byVersionDescending = (a: Mongod, b: Mongod): number =>
  b.version.localeCompare(a.version, 'en', { numeric: true });

const wholeEntry = async (folder: string): Promise<Mongod | null> => {
  try {
    const record = JSON.parse(await readFile(join(folder, RECORD), 'utf8')) as CacheRecord;
    const { size } = await stat(join(folder, 'mongod'));
    return size === record.bytes
      ? { command: join(folder, 'mongod'), version: record.version }
      : null;
  } catch {
    // Unreadable is as good as missing: it is fetched again.
    return null;
  }
};

/** Whole entries, newest version first. */
export const cachedMongods = async (cacheDir: string): Promise<Mongod[]> => {
  const root = join(cacheDir, 'mongod');
  const names = await readdir(root).catch(() => []);
  const entries = await Promise.all(names.map((name) => wholeEntry(join(root, name))));
  return entries.filter((entry) => entry != null).sort(byVersionDescending);
};

/** Moves a finished folder to its place; of two processes that do it at once, the second uses what the first brought. */
const moveIntoPlace = async (staged: string, place: string): Promise<void> => {
  if ((await wholeEntry(place)) != null) return;
  await rm(place, { recursive: true, force: true });
  try {
    await rename(staged, place);
  } catch (error) {
    if ((await wholeEntry(place)) == null) throw error;
  }
};

/**
 * Lets `fetch` bring a mongod into a folder it is given, proves that the binary runs here, and keeps it. A process that
 * is killed in between leaves nothing that looks whole.
 */
export const addToCache = async (
  cacheDir: string,
  fetch: (folder: string) => Promise<string>,
): Promise<Mongod> => {
  const root = join(cacheDir, 'mongod');
  const work = join(cacheDir, 'downloads', randomUUID());
  const staged = join(work, 'entry');
  await mkdir(root, { recursive: true });
  await mkdir(join(work, 'fetch'), { recursive: true });
  await mkdir(staged);
  try {
    const binary = join(staged, 'mongod');
    await copyFile(await fetch(join(work, 'fetch')), binary);
    await chmod(binary, 0o755);
    const version = await mongodVersion(binary);
    const record: CacheRecord = {
      version,
      bytes: (await stat(binary)).size,
      sha256: await sha256OfFile(binary),
    };
    await writeFile(join(staged, RECORD), `${JSON.stringify(record)}\n`);
    await moveIntoPlace(staged, join(root, version));
    return { command: join(root, version, 'mongod'), version };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};
