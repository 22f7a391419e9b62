/** MongoDB's own download, found and fetched by mongodb-memory-server-core in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Not a byte for this long: no network, or a host that swallows packets. */
const STALLED_AFTER_MS = 10_000;
const LOOK_EVERY_MS = 500;

// In a process of its own because the library writes to the console, tries for long, cannot be cancelled, and checks
// certificates only when npm's `strict-ssl` stands in its environment.
const PROGRAM = `
process.env.npm_config_strict_ssl = 'true';
process.env.MONGOMS_MAX_RETRIES = '1';
const [library, downloadDir, version] = process.argv.slice(1);
const { MongoBinary } = require(library);
process.send({ begins: true });
MongoBinary.getPath({ downloadDir, ...(version && { version }) }).then(
  (path) => process.send({ path }),
  (error) => process.send({ reason: error.message }),
).finally(() => process.disconnect());`;

interface Answer {
  /** Only now: to get so far, a slow machine needs longer than a download may stand still. */
  begins?: true;
  path?: string;
  reason?: string;
}

const bytesIn = async (folder: string): Promise<number> => {
  const names = await readdir(folder).catch(() => []);
  const sizes = names.map((name) =>
    stat(join(folder, name)).then(
      (file) => file.size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
};

/** Calls `stalled` when `folder` has not changed its size for a while; the function it returns ends the watch. */
const watchProgress = (
  folder: string,
  stalled: () => void,
  stalledAfterMs: number,
): (() => void) => {
  let seenBytes = -1;
  let since = performance.now();
  const timer = setInterval(() => {
    void bytesIn(folder).then((bytes) => {
      if (bytes !== seenBytes) since = performance.now();
      else if (performance.now() - since >= stalledAfterMs) stalled();
      seenBytes = bytes;
    });
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
};

/**
 * Path of the mongod inside `folder`; `version` is an exact one, the library's choice when absent. Rejects when MongoDB
 * offers nothing for this platform, and soon when there is no network.
 */
export const mongodFromOfficialDownload = async (
  folder: string,
  { version = '', stalledAfterMs = STALLED_AFTER_MS } = {},
): Promise<string> => {
  const library = createRequire(import.meta.url).resolve('mongodb-memory-server-core');
  const child = spawn(process.execPath, ['-e', PROGRAM, library, folder, version], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    cwd: folder,
  });
  let endWatch = (): void => undefined;
  let answer: Answer = { reason: 'The download made no progress' };
  child.on('message', (message: Answer) => {
    if (message.begins) {
      endWatch = watchProgress(folder, () => child.kill('SIGKILL'), stalledAfterMs);
    } else answer = message;
  });
  try {
    await once(child, 'close');
  } finally {
    endWatch();
  }
  if (answer.path == null) throw new Error(answer.reason);
  return answer.path;
};
