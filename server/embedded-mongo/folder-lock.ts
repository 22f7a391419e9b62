/** A lock that keeps two gateways out of one data folder, and that a dead one does not leave behind. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedMongoError } from './errors.js';
import { isAlive } from './is-alive.js';

const LOCK = 'gateway.lock';
const ATTEMPTS = 5;
/** Of /proc/<pid>/stat, counted from the state behind the program's name; proc(5) calls it field 22. */
const START_TICKS = 19;

interface Holder {
  pid: number;
  /** When that process began: a pid is given out again, after a restart of a container even the same one. */
  startedAt: string;
  id: string;
}

const held = new Set<string>();

/** Two processes with one pid differ in this; empty when the system does not tell. */
const processStart = (pid: number): string => {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    }
    // Ticks since boot, unlike what `ps` makes of them, do not move when the clock is set.
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fromState = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${boot} ${fromState[START_TICKS]}`;
  } catch {
    return '';
  }
};

const lives = ({ pid, startedAt, id }: Holder): boolean => {
  if (pid === process.pid) return held.has(id);
  return isAlive(pid) && processStart(pid) === startedAt;
};

const readHolder = async (path: string): Promise<Holder | null> => {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return null;
  }
};

const createLock = async (path: string, holder: Holder): Promise<boolean> => {
  const draft = `${path}.${holder.id}`;
  await writeFile(draft, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  try {
    // A link appears with its content, so nobody ever reads half a lock.
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
};

const inUse = (folder: string, pid: number): EmbeddedMongoError =>
  new EmbeddedMongoError(
    'DATA_IN_USE',
    `The data folder ${folder} is in use by process ${pid}. Stop it, or give this one its own PIGEONPOST_DATA_DIR`,
  );

export interface FolderLock {
  /** Its last holder died without giving it back, and may have left something that is about to end. */
  readonly takenOver: boolean;
  release(): Promise<void>;
}

const lockHeldBy = (me: Holder, path: string, takenOver: boolean): FolderLock => {
  held.add(me.id);
  return {
    takenOver,
    async release() {
      held.delete(me.id);
      if ((await readHolder(path))?.id === me.id) await rm(path, { force: true });
    },
  };
};

/** Clears away a dead holder's lock. Another process may have done so already: its fresh lock is put back. */
const moveAside = async (path: string, aside: string, dead: Holder | null): Promise<void> => {
  try {
    await rename(path, aside);
    const moved = await readHolder(aside);
    if (moved != null && moved.id !== dead?.id) await link(aside, path).catch(() => {});
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    await rm(aside, { force: true });
  }
};

/** Rejects with EmbeddedMongoError `DATA_IN_USE`, naming the folder and the process. */
export const lockFolder = async (folder: string): Promise<FolderLock> => {
  const path = join(folder, LOCK);
  const me: Holder = { pid: process.pid, startedAt: processStart(process.pid), id: randomUUID() };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (await createLock(path, me)) return lockHeldBy(me, path, attempt > 0);
    const holder = await readHolder(path);
    if (holder != null && lives(holder)) throw inUse(folder, holder.pid);
    await moveAside(path, `${path}.${me.id}.dead`, holder);
  }
  throw inUse(folder, (await readHolder(path))?.pid ?? 0);
};
