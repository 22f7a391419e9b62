/** A folder for one test file, gone at its end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Call it inside `describe`; the accessor makes an empty folder of its own at each call. */
export const temporaryFolders = (): (() => Promise<string>) => {
  const made: string[] = [];
  after('remove the folders', async () => {
    for (const folder of made) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pigeonpost-folder-'));
    made.push(folder);
    return folder;
  };
};
