/** Runs somebody's gorush binary in a process of its own, with the sink in Apple's place. */
import { execFile, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../demo/free-port.js';
import type { Closing } from '../../server/closing.js';
import { endChild, pidOf, untilListening } from '../child.js';
import { ecKey } from '../keys.js';
import { HOST, type Sink } from '../sink.js';
import { startConnectProxy } from './connect-proxy.js';
import { gorushConfig } from './gorush-config.js';

export interface GorushProcess {
  /** With its version. */
  readonly name: string;
  readonly url: string;
  readonly pid: number;
}

export interface GorushOptions {
  readonly path: string;
  readonly folder: string;
  readonly pushesAtATime: number;
}

const versionOf = async (path: string): Promise<string> => {
  try {
    const { stdout, stderr } = await promisify(execFile)(path, ['--version']);
    return (
      /(?:version[: ]+)?v?(\d+\.\d+\.\d+\S*)/i.exec(`${stdout}${stderr}`)?.[1] ?? 'unversioned'
    );
  } catch (cause) {
    throw new Error(`--peer gorush: ${path} cannot be run`, { cause });
  }
};

/** Rejects when it does not listen within 10 s. */
export const startGorush = async (
  { path, folder: parent, pushesAtATime }: GorushOptions,
  sink: Sink,
  closing: Closing,
): Promise<GorushProcess> => {
  const version = await versionOf(path);
  const folder = join(parent, 'gorush');
  await mkdir(folder, { recursive: true });
  const [keyPath, caPath, configPath] = ['key.p8', 'ca.pem', 'config.yml'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const { port } = await freePort(0, HOST);
  const proxyUrl = await startConnectProxy(sink, closing);
  await writeFile(keyPath, ecKey(), { mode: 0o600 });
  await writeFile(caPath, sink.ca);
  await writeFile(configPath, gorushConfig({ port, host: HOST, proxyUrl, keyPath, pushesAtATime }));
  // By way of `env`, which sets Go's list of authorities and lets the rest of the environment pass.
  const child = spawn('env', [`SSL_CERT_FILE=${caPath}`, path, '-c', configPath], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await closing.add('gorush', () => endChild(child));
  await untilListening('gorush', child, port);
  return { name: `gorush ${version}`, url: `http://${HOST}:${port}`, pid: pidOf(child) };
};
