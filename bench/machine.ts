/** What was measured on: a figure without its machine says nothing. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const BYTES_PER_GB = 1e9;

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly commit: string;
  readonly date: string;
  /** Of the last minute, before anything of ours ran. */
  readonly loadBefore: number;
}

const runGit = async (...args: string[]): Promise<string> => {
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  return (await promisify(execFile)('git', args, { cwd })).stdout.trim();
};

const commitNow = async (): Promise<string> => {
  try {
    const commit = await runGit('rev-parse', '--short', 'HEAD');
    return (await runGit('status', '--porcelain')) === '' ? commit : `${commit} with changes`;
  } catch {
    return 'not in git';
  }
};

export const readMachine = async (): Promise<Machine> => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / BYTES_PER_GB),
  node: process.version,
  commit: await commitNow(),
  date: new Date().toISOString(),
  loadBefore: loadavg()[0] ?? 0,
});

/** Of a running mongod, from its own program. */
export const mongodVersion = async (pid: number): Promise<string> => {
  const { stdout } = await promisify(execFile)(`/proc/${pid}/exe`, ['--version']);
  return /db version v(\S+)/.exec(stdout)?.[1] ?? 'unknown';
};

export interface Ticks {
  readonly all: number;
  /** What a hypervisor gave to others. */
  readonly stolen: number;
}

// https://man7.org/linux/man-pages/man5/proc_stat.5.html; time of guests is in `user` already.
const STEAL = 7;

/** Of the first line of /proc/stat. */
export const parseTicks = (stat: string): Ticks => {
  const ticks = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(' ').map(Number);
  const counted = ticks.slice(0, STEAL + 1);
  return { all: counted.reduce((sum, one) => sum + one, 0), stolen: counted[STEAL] ?? 0 };
};

export const readTicks = async (): Promise<Ticks> =>
  parseTicks(await readFile('/proc/stat', 'utf8'));

/** Percent of the processors' time since `before` that a hypervisor gave to others. */
export const stolenPercent = (before: Ticks, after: Ticks): number =>
  after.all === before.all ? 0 : (100 * (after.stolen - before.stolen)) / (after.all - before.all);
