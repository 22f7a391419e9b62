import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { temporaryFolders } from '../../test/support/temporary-folder.js';
import { mongodFromOfficialDownload } from './official-download.js';

/** Nobody has it in a cache. */
const VERSION = '8.2.99';
const OURS = ['MONGOMS_DOWNLOAD_MIRROR', 'MONGOMS_USE_HTTP'];
const PROXIES = ['https_proxy', 'http_proxy', 'HTTPS_PROXY', 'HTTP_PROXY'];

describe('mongodFromOfficialDownload', () => {
  const folder = temporaryFolders();
  const before = { ...process.env };
  const servers: Server[] = [];

  /** Sends the library to a server of ours. */
  const downloadsFrom = async (server: Server): Promise<void> => {
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    process.env.MONGOMS_DOWNLOAD_MIRROR = `http://127.0.0.1:${port}`;
    process.env.MONGOMS_USE_HTTP = 'true';
    for (const name of PROXIES) delete process.env[name];
  };

  afterEach(() => {
    for (const name of [...PROXIES, ...OURS]) delete process.env[name];
    Object.assign(process.env, before);
    for (const server of servers.splice(0)) server.close();
  });

  const archive = async (): Promise<Buffer> => {
    const root = await folder();
    await mkdir(join(root, 'mongodb/bin'), { recursive: true });
    await writeFile(join(root, 'mongodb/bin/mongod'), 'a mongod');
    execFileSync('tar', ['-czf', 'made.tgz', 'mongodb'], { cwd: root });
    return readFile(join(root, 'made.tgz'));
  };

  const mirror = (tgz: Buffer, md5: string): Server =>
    createHttpServer((request, response) => {
      response.end(request.url?.endsWith('.md5') ? `${md5}  made.tgz` : tgz);
    });

  const failure = async (download: Promise<string>): Promise<Error> =>
    download.then(
      (path) => expect.fail(`got ${path}`),
      (error: Error) => error,
    );

  it('unpacks the mongod of the archive for this platform', async () => {
    const tgz = await archive();
    await downloadsFrom(mirror(tgz, createHash('md5').update(tgz).digest('hex')));
    const path = await mongodFromOfficialDownload(await folder(), { version: VERSION });
    expect(await readFile(path, 'utf8')).to.equal('a mongod');
  });

  it('refuses an archive that was changed on its way', async () => {
    await downloadsFrom(mirror(await archive(), '0'.repeat(32)));
    const error = await failure(mongodFromOfficialDownload(await folder(), { version: VERSION }));
    expect(error.message).to.match(/md5/i);
  });

  it('gives up soon when the host takes the connection and says nothing', async () => {
    const sockets: Socket[] = [];
    await downloadsFrom(createServer((socket) => sockets.push(socket)));
    const download = mongodFromOfficialDownload(await folder(), {
      version: VERSION,
      stalledAfterMs: 3_000,
    });
    expect((await failure(download)).message).to.equal('The download made no progress');
    expect(sockets).to.have.length(1);
    for (const socket of sockets) socket.destroy();
  });

  it('gives up at once when there is no network, and says why', async () => {
    process.env.MONGOMS_DOWNLOAD_MIRROR = 'https://mongodb.invalid';
    for (const name of PROXIES) delete process.env[name];
    const error = await failure(mongodFromOfficialDownload(await folder(), { version: VERSION }));
    expect(error.message).to.include('mongodb.invalid');
  });
});
