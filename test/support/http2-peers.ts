/** HTTP/2 servers by other hands, as far as they are installed here. All of them answer a POST with its own body. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../demo/free-port.js';
import { certificates } from './certificates.js';
import { http2Server } from './http2-server.js';
import { until } from './until.js';

export interface RunningPeer {
  readonly url: string;
  stop(): Promise<void>;
}

export interface Peer {
  readonly name: string;
  /** What makes it run, or undefined where it needs nothing. */
  readonly program?: { readonly command: string; readonly versionArg: string };
  start(folder: string): Promise<RunningPeer>;
}

const HOST = '127.0.0.1';

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, HOST, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode != null || child.signalCode != null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
};

const writeKeyPair = async (folder: string): Promise<void> => {
  const { cert, key } = await certificates();
  await writeFile(join(folder, 'cert.pem'), cert);
  await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 });
};

/** Of a program that is told its port and says nothing. */
const startOnPort = async (
  port: number,
  command: string,
  args: readonly string[],
): Promise<RunningPeer> => {
  const child = spawn(command, args, { stdio: 'ignore' });
  await until(`${command} listens`, () => {
    if (child.exitCode != null) throw new Error(`${command} has ended with ${child.exitCode}`);
    return isListening(port);
  });
  return { url: `https://${HOST}:${port}`, stop: () => end(child) };
};

const node: Peer = {
  name: 'node:http2',
  async start() {
    const server = await http2Server();
    return { url: server.url, stop: () => server.close() };
  },
};

const nghttpd: Peer = {
  name: 'nghttpd',
  program: { command: 'nghttpd', versionArg: '--version' },
  async start(folder) {
    await writeKeyPair(folder);
    const { port } = await freePort(0, HOST);
    const files = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    return startOnPort(port, 'nghttpd', ['--echo-upload', '-a', HOST, String(port), ...files]);
  },
};

const nginxConfig = (port: number, echoPort: number): string => `
worker_processes 1;
pid nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  client_max_body_size 2m;
  # Nothing is put on disk: the worker of a nginx that root has started may not write here.
  client_body_buffer_size 2m;
  proxy_max_temp_file_size 0;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path temp;`).join(' ')}
  upstream echo { server ${HOST}:${echoPort}; keepalive 32; }
  server {
    listen ${HOST}:${port} ssl http2;
    ssl_certificate cert.pem;
    ssl_certificate_key key.pem;
    location / {
      proxy_pass http://echo;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;

const nginx: Peer = {
  name: 'nginx',
  program: { command: 'nginx', versionArg: '-v' },
  async start(folder) {
    const echo = createServer((request, response) => {
      response.setHeader('x-echo', request.headers['x-echo'] ?? '');
      request.pipe(response);
    });
    echo.listen(0, HOST);
    await once(echo, 'listening');
    await mkdir(folder, { recursive: true });
    await writeKeyPair(folder);
    const { port } = await freePort(0, HOST);
    const echoPort = (echo.address() as AddressInfo).port;
    await writeFile(join(folder, 'nginx.conf'), nginxConfig(port, echoPort));
    const args = ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr', '-g', 'daemon off;'];
    const running = await startOnPort(port, 'nginx', args);
    return {
      url: running.url,
      async stop() {
        await running.stop();
        echo.closeAllConnections();
        echo.close();
      },
    };
  },
};

const GO_SOURCE = fileURLToPath(new URL('./go-echo/main.go', import.meta.url));

const go: Peer = {
  name: 'Go net/http',
  program: { command: 'go', versionArg: 'version' },
  async start(folder) {
    await writeKeyPair(folder);
    const program = join(folder, 'echo');
    const build = spawn('go', ['build', '-o', program, GO_SOURCE], { stdio: 'inherit' });
    const [code] = (await once(build, 'exit')) as [number | null];
    if (code !== 0) throw new Error('The Go server cannot be built');
    const files = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const child = spawn(program, files, { stdio: ['pipe', 'pipe', 'ignore'] });
    const [port] = (await once(createInterface(child.stdout), 'line')) as [string];
    return { url: `https://${HOST}:${port}`, stop: () => end(child) };
  },
};

const isInstalled = ({ program }: Peer): boolean =>
  program == null || spawnSync(program.command, [program.versionArg]).error == null;

const ALL = [node, nginx, nghttpd, go];
export const PEERS: readonly Peer[] = ALL.filter(isInstalled);
/** Names of what is not installed here, and so cannot be tried. */
export const ABSENT_PEERS: readonly string[] = ALL.filter((peer) => !isInstalled(peer)).map(
  ({ name }) => name,
);
