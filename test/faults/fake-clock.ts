/** The clock of one process, in the hands of a test: libfaketime reads from a file how far it is off. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LIBRARIES = '/usr/lib';
/** For programs with several threads, as Node and mongod are. */
const LIBRARY = join('faketime', 'libfaketimeMT.so.1');

const libraryPath = (): string => {
  const found = readdirSync(LIBRARIES)
    .map((folder) => join(LIBRARIES, folder, LIBRARY))
    .find((path) => existsSync(path));
  if (found == null) {
    throw new Error(
      'libfaketime is missing: apt-get install faketime, or what your system calls it',
    );
  }
  return found;
};

export interface FakeClock {
  /** What a process is to be started with. */
  readonly env: Readonly<Record<string, string>>;
  /** Within a second, in the running process. */
  set(offSeconds: number): Promise<void>;
  remove(): Promise<void>;
}

export const createFakeClock = async (offSeconds = 0): Promise<FakeClock> => {
  const folder = await mkdtemp(join(tmpdir(), 'pigeonpost-clock-'));
  const file = join(folder, 'off');
  const set = async (seconds: number): Promise<void> => {
    const next = `${file}.next`;
    await writeFile(next, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    // Nobody reads half of it.
    await rename(next, file);
  };
  await set(offSeconds);
  return {
    env: {
      LD_PRELOAD: libraryPath(),
      FAKETIME_TIMESTAMP_FILE: file,
      // Seconds. Without, the file is read whenever anybody asks for the time, and mongod asks all the while.
      FAKETIME_CACHE_DURATION: '1',
      // A clock that is set leaves the monotonic one alone.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
    set,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
};
