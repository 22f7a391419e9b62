/** The gateway as it ships: built, in a process of its own, with its embedded MongoDB. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Closing } from '../server/closing.js';
import { endChild, pidOf, untilGone } from './child.js';
import { readFamily } from './process-figures.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const READY = 'Pigeonpost is ready';
const LAST_LINES = 20;
const packageJson = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: { start: string };
};
/** As `npm start` runs it. */
const startArguments = packageJson.scripts.start.split(' ').slice(1);
/** A second gateway, another database or other keys have no business in a measurement. */
const NOT_FROM_OUTSIDE = [
  'MONGODB_URI',
  'PIGEONPOST_MASTER_KEY',
  'PIGEONPOST_OPERATOR_KEY',
  'PIGEONPOST_ROLE',
  'PIGEONPOST_LANES',
  'PIGEONPOST_PROXY',
];

export interface GatewayProcess {
  readonly url: string;
  readonly pid: number;
  readonly mongodPid: number;
  readonly operatorKey: string;
  stop(): Promise<void>;
}

export interface RunningGateway {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface GatewayOptions {
  readonly dataDir: string;
  /** Settings of the measurement's own, a database for several processes for example. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly profileDir?: string;
}

/** Rejects with what the compiler says. */
export const buildGateway = async (): Promise<void> => {
  try {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: ROOT });
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    throw new Error(`The gateway cannot be built: ${stdout ?? String(error)}`, { cause: error });
  }
};

// By way of `env`, which lets the other settings of the environment pass without our reading them.
const spawnGateway = ({ dataDir, profileDir, settings: own }: GatewayOptions): ChildProcess => {
  const settings = {
    PIGEONPOST_DATA_DIR: dataDir,
    PIGEONPOST_ALLOW_PRIVATE_ENDPOINTS: 'on',
    HOST: '127.0.0.1',
    PORT: '0',
    ...own,
  };
  const profile = profileDir == null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  return spawn(
    'env',
    [
      ...NOT_FROM_OUTSIDE.flatMap((name) => ['-u', name]),
      ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
      process.execPath,
      ...[...profile, ...startArguments],
    ],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
  );
};

const urlOf = (line: string): string | undefined => {
  if (!line.includes(READY)) return undefined;
  return (JSON.parse(line) as { url: string }).url;
};

/** Goes on reading for as long as the gateway runs, or its pipes would fill. */
const untilReady = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    const last: string[] = [];
    const keep = (line: string): void => {
      if (last.push(line) > LAST_LINES) last.shift();
      const level = /"level":"(warn|error)"/.exec(line)?.[1];
      if (level != null) process.stderr.write(`gateway: ${line}\n`);
    };
    for (const stream of [child.stdout, child.stderr]) {
      if (stream == null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        keep(line);
        const url = urlOf(line);
        if (url != null) resolve(url);
      });
    }
    child.once('error', reject);
    child.once('close', () => reject(new Error(`The gateway ended:\n${last.join('\n')}`)));
  });

/** A gateway on a database that is there already. */
export const startGatewayOn = async (
  options: GatewayOptions,
  closing: Closing,
): Promise<RunningGateway> => {
  const child = spawnGateway(options);
  const stop = (): Promise<void> => endChild(child);
  await closing.add('a gateway', stop);
  return { url: await untilReady(child), pid: pidOf(child), stop };
};

export const startGatewayProcess = async (
  options: GatewayOptions,
  closing: Closing,
): Promise<GatewayProcess> => {
  const child = spawnGateway(options);
  let family: number[] = [];
  const stop = async (): Promise<void> => {
    await endChild(child);
    // A gateway that had to be hurried leaves its mongod a moment more.
    await untilGone(family);
  };
  await closing.add('the gateway', stop);
  const url = await untilReady(child);
  const pid = pidOf(child);
  const all = await readFamily(pid);
  family = all.map((one) => one.pid);
  const mongod = all.find(({ name }) => name === 'mongod');
  if (mongod == null) throw new Error('The gateway runs no mongod');
  const key = await readFile(join(options.dataDir, 'operator.key'), 'utf8');
  return { url, pid, mongodPid: mongod.pid, operatorKey: key.trim(), stop };
};
