/** The gateway as a process of its own, so that a test can kill it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Api, apiClient } from '../../demo/api-client.js';

const SERVER = join(import.meta.dirname, '../../server/index.ts');
const READY = 'Pigeonpost is ready';
const START_TIMEOUT_MS = 60_000;

export interface GatewayProcess {
  readonly url: string;
  readonly operator: Api;
  readonly operatorKey: string;
  /** Where its embedded MongoDB listens; undefined with a MongoDB of one's own. */
  readonly mongoPort?: number;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Everything it wrote, for the message of a test that fails. */
  output(): string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface GatewayProcessOptions {
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Started {
  url?: string;
  mongoPort?: number;
}

const environment = ({ dataDir, env }: GatewayProcessOptions): NodeJS.ProcessEnv => {
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('PIGEONPOST_') && name !== 'MONGODB_URI',
  );
  return {
    ...Object.fromEntries(own),
    PORT: '0',
    PIGEONPOST_DATA_DIR: dataDir,
    PIGEONPOST_ALLOW_PRIVATE_ENDPOINTS: 'on',
    ...env,
  };
};

const readLine = (line: string, started: Started): void => {
  if (!line.startsWith('{')) return;
  const { message, url } = JSON.parse(line) as { message: string; url?: string };
  const port = /^MongoDB \S+ runs on port (\d+)/.exec(message)?.[1];
  if (port != null) started.mongoPort = Number(port);
  if (message === READY && url != null) started.url = url;
};

const whenReady = (child: ChildProcess, lines: string[]): Promise<Started & { url: string }> =>
  new Promise((resolve, reject) => {
    const started: Started = {};
    const fail = (why: string): void => reject(new Error(`${why}\n${lines.join('\n')}`));
    const timer = setTimeout(() => fail('The gateway did not get ready'), START_TIMEOUT_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      fail('The gateway ended before it was ready');
    });
    const read = (line: string): void => {
      lines.push(line);
      readLine(line, started);
      if (started.url == null) return;
      clearTimeout(timer);
      resolve({ ...started, url: started.url });
    };
    if (child.stdout != null) createInterface(child.stdout).on('line', read);
    if (child.stderr != null) createInterface(child.stderr).on('line', (line) => lines.push(line));
  });

/** Every test that starts one must kill it; `SIGTERM` resolves when it has ended. */
export const startGatewayProcess = async (
  options: GatewayProcessOptions,
): Promise<GatewayProcess> => {
  const child = spawn(process.execPath, ['--import', 'tsx', SERVER], {
    env: environment(options),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  const lines: string[] = [];
  const { url, mongoPort } = await whenReady(child, lines);
  const operatorKey =
    options.env?.['PIGEONPOST_OPERATOR_KEY'] ??
    (await readFile(join(options.dataDir, 'operator.key'), 'utf8')).trim();
  return {
    url,
    operatorKey,
    operator: apiClient(url, operatorKey),
    ...(mongoPort == null ? {} : { mongoPort }),
    exited,
    output: () => lines.join('\n'),
    async kill(signal) {
      child.kill(signal);
      await exited;
    },
  };
};
