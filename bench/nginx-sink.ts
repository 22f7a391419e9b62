/** The sink as nginx: what it costs is not Node's, and it is faster than anything that is measured against it. */
import { execFile, spawn } from 'node:child_process';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../demo/free-port.js';
import { endChild, pidOf, untilListening } from './child.js';
import { readFamily } from './process-figures.js';
import { sharedClockMs } from './shared-clock.js';
import {
  ANSWERS,
  type Arrival,
  HOST,
  MOST_STREAMS,
  type RecordingSink,
  type SinkCertificate,
} from './sink.js';

const SECOND_MS = 1_000;
/** A line for each push. */
const ARRIVALS = 'arrivals.log';

/** Undefined when it is not on the PATH. */
export const nginxVersion = async (): Promise<string | undefined> => {
  try {
    const { stderr } = await promisify(execFile)('nginx', ['-v']);
    return /nginx\/(\S+)/.exec(stderr)?.[1] ?? 'of an unknown version';
  } catch {
    return undefined;
  }
};

// Every path is inside the folder, so that it needs no rights and leaves nothing behind.
const TEMP_PATHS = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** Apple's ids are UUIDs; nginx makes 32 hexadecimal digits. */
export const nginxConfig = (port: number, record = false): string => `
worker_processes 1;
pid nginx.pid;
error_log stderr error;
events { worker_connections 256; }
http {
  log_format arrivals '$msec $request_uri';
  access_log ${record ? `${ARRIVALS} arrivals` : 'off'};
  ${TEMP_PATHS.map((name) => `${name}_temp_path temp;`).join(' ')}
  map $request_id $apns_id {
    "~^(?<a>.{8})(?<b>.{4})(?<c>.{4})(?<d>.{4})(?<e>.{12})$" "$a-$b-$c-$d-$e";
  }
  server {
    listen ${HOST}:${port} ssl http2;
    ssl_certificate cert.pem;
    ssl_certificate_key key.pem;
    http2_max_concurrent_streams ${MOST_STREAMS};
    # Apple keeps a connection for as long as it is used.
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    location /3/device/ {
      add_header apns-id $apns_id;
      return 200;
    }
    ${ANSWERS.map(({ prefix, body }) => `location ${prefix} { default_type application/json; return 200 '${body}'; }`).join('\n    ')}
  }
}
`;

/** Reads what was written since it was asked last. */
const readArrivals = (file: string): (() => Promise<Map<string, Arrival>>) => {
  const arrivals = new Map<string, Arrival>();
  // nginx writes the time of day, in milliseconds.
  const aheadMs = Date.now() - sharedClockMs();
  let offset = 0;
  let rest = '';
  return async () => {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      const { buffer } = await handle.read(Buffer.alloc(size - offset), 0, size - offset, offset);
      offset = size;
      const lines = (rest + buffer.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const [seconds = '', path = ''] = line.split(' ');
        const before = arrivals.get(path);
        const atMs = Number(seconds) * SECOND_MS - aheadMs;
        arrivals.set(path, {
          firstAtMs: before?.firstAtMs ?? atMs,
          times: (before?.times ?? 0) + 1,
        });
      }
      return arrivals;
    } finally {
      await handle.close();
    }
  };
};

export const startNginxSink = async (
  { cert, key, ca }: SinkCertificate,
  parent: string,
  version: string,
  { record = false }: { record?: boolean } = {},
): Promise<RecordingSink> => {
  const folder = join(parent, 'nginx');
  await mkdir(folder, { recursive: true });
  const { port } = await freePort(0, HOST);
  await writeFile(join(folder, 'cert.pem'), cert);
  await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 });
  await writeFile(join(folder, 'nginx.conf'), nginxConfig(port, record));
  const args = ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr', '-g', 'daemon off;'];
  const child = spawn('nginx', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const stop = (): Promise<void> => endChild(child);
  try {
    await untilListening('nginx', child, port);
  } catch (error) {
    await stop();
    throw error;
  }
  const pids = (await readFamily(pidOf(child))).map(({ pid }) => pid);
  const arrivals = readArrivals(join(folder, ARRIVALS));
  return { name: `nginx ${version}`, url: `https://${HOST}:${port}`, ca, pids, arrivals, stop };
};
