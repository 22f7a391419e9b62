/**
 * A disk of its own for a mongod, small enough to be filled: a tmpfs in a mount namespace that only its holder knows, so that
 * nothing is left of it when the holder ends. Where neither root nor a user namespace may mount, the limit that the kernel puts
 * on the size of files stands in for it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MongodNode } from './mongod-node.js';

const SIZE_MB = 400;
const HOLDER = `mount -t tmpfs -o size=${SIZE_MB}m tmpfs "$1" && echo mounted && read -r _`;
const BALLAST = Buffer.alloc(1024 * 1024, 'full');

export interface SmallDisk {
  /** What mongod is run with. */
  wrap(mongod: string): readonly [string, ...string[]];
  /** Nothing more can be written. */
  fill(node: MongodNode): Promise<void>;
  /** There is room again, for a mongod that is started anew. */
  free(): Promise<void>;
  close(): Promise<void>;
}

/** Whoever is not root is root in a user namespace of their own, where the system permits it. */
const AS_ROOT = process.getuid?.() === 0;

const isFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOSPC';

const limitedFiles: SmallDisk = {
  wrap: (mongod) => [mongod],
  async fill({ pid }) {
    const [code] = (await once(spawn('prlimit', ['--pid', String(pid), '--fsize=0']), 'exit')) as [
      number | null,
    ];
    if (code !== 0) throw new Error('prlimit sets no limit');
  },
  free: async () => undefined,
  close: async () => undefined,
};

/** Shows as the contents of `dir` to whoever is wrapped. */
export const startSmallDisk = async (dir: string): Promise<SmallDisk> => {
  const user = AS_ROOT ? [] : ['--map-root-user'];
  const holder = spawn('unshare', ['--mount', ...user, 'sh', '-c', HOLDER, 'sh', dir], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(holder, 'exit');
  const isMounted = await Promise.race([
    once(holder.stdout, 'data').then(() => true),
    ended.then(() => false),
  ]);
  if (!isMounted || holder.pid == null) return limitedFiles;
  const { pid } = holder;
  const ballast = join(`/proc/${pid}/root`, dir, 'ballast');
  return {
    wrap: (mongod) => [
      'nsenter',
      ...['--target', String(pid), '--mount'],
      ...(AS_ROOT ? [] : ['--user', '--preserve-credentials']),
      mongod,
    ],
    async fill() {
      try {
        for (;;) await appendFile(ballast, BALLAST);
      } catch (error) {
        if (!isFull(error)) throw error;
      }
    },
    free: () => rm(ballast),
    async close() {
      holder.stdin.end();
      await ended;
    },
  };
};
