/** Reads what a process cost from Linux's /proc: CPU time, memory, children. */
import { readdir, readFile, writeFile } from 'node:fs/promises';

/** One line of /proc/<pid>/stat, as far as we need it. */
export interface ProcessStat {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  /** User and system time of all threads. */
  readonly cpuMs: number;
}

// USER_HZ: what Linux shows to programs, whatever the kernel's own tick is.
const TICKS_PER_SECOND = 100;
const SECOND_MS = 1_000;
const BYTES_PER_KB = 1_024;
const BYTES_PER_MB = 1_000_000;

// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; counted from behind the name.
const PARENT = 1;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

/** The name stands in parentheses and may contain spaces and parentheses itself. */
export const parseStat = (line: string): ProcessStat => {
  const open = line.indexOf('(');
  const close = line.lastIndexOf(')');
  const fields = line.slice(close + 2).split(' ');
  const ticks = Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS]);
  return {
    pid: Number(line.slice(0, open)),
    name: line.slice(open + 1, close),
    parent: Number(fields[PARENT]),
    cpuMs: (ticks * SECOND_MS) / TICKS_PER_SECOND,
  };
};

/** A line such as `VmHWM:  1234 kB` of /proc/<pid>/status, in MB; undefined when it is not there. */
export const parseStatusMb = (status: string, field: string): number | undefined => {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return kilobytes == null ? undefined : (Number(kilobytes) * BYTES_PER_KB) / BYTES_PER_MB;
};

/** The process and all below it. */
export const familyOf = (root: number, all: readonly ProcessStat[]): ProcessStat[] => {
  const family = all.filter(({ pid }) => pid === root);
  for (const { pid } of family) family.push(...all.filter(({ parent }) => parent === pid));
  return family;
};

const statOf = async (pid: number | string): Promise<ProcessStat> =>
  parseStat(await readFile(`/proc/${pid}/stat`, 'utf8'));

/** Processes come and go while they are read. */
export const readFamily = async (root: number): Promise<ProcessStat[]> => {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(names.map((name) => statOf(name).catch(() => undefined)));
  return familyOf(
    root,
    stats.filter((stat) => stat != null),
  );
};

/** Of these processes together, since each began. Rejects when one is gone: its cost could not be told any more. */
export const readCpuMs = async (pids: readonly number[]): Promise<number> => {
  const stats = await Promise.all(pids.map(statOf));
  return stats.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
};

const readStatusMb = async (pid: number, field: string): Promise<number> => {
  const megabytes = parseStatusMb(await readFile(`/proc/${pid}/status`, 'utf8'), field);
  if (megabytes == null) throw new Error(`/proc/${pid}/status has no ${field}`);
  return megabytes;
};

export const readPeakRssMb = (pid: number): Promise<number> => readStatusMb(pid, 'VmHWM');

export const readRssMb = (pid: number): Promise<number> => readStatusMb(pid, 'VmRSS');

/** From here on the peak is measured anew. https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html */
export const resetPeakRss = (pid: number): Promise<void> =>
  writeFile(`/proc/${pid}/clear_refs`, '5');
