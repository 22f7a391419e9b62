/** What every part of the benchmark is given. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Closing } from '../server/closing.js';
import type { Options } from './options.js';
import type { PartResult } from './result.js';

export interface Bench {
  readonly options: Options;
  /** What a part starts; it ends with the part, however that ends. */
  readonly closing: Closing;
  readonly say: (line: string) => void;
}

export type Part = (bench: Bench) => Promise<PartResult>;

/** Gone with everything in it when the part has ended. */
export const temporaryFolder = async (closing: Closing): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'pigeonpost-bench-'));
  await closing.add('the temporary folder', () =>
    rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  );
  return folder;
};
