/** The Unix socket of an embedded mongod: its own gateway's way to it, cheaper than loopback. */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataFolder } from './data-folder.js';

/** Linux's sun_path has 108 bytes, the last of them zero (unix(7)); macOS has four fewer. */
const MAX_PATH_BYTES = 103;
const LONGEST_PORT = 65_535;

/** As mongod names it. */
const socketPath = ({ socketsPath }: DataFolder, port: number): string =>
  join(socketsPath, `mongodb-${port}.sock`);

const fits = (folder: DataFolder): boolean =>
  Buffer.byteLength(socketPath(folder, LONGEST_PORT)) <= MAX_PATH_BYTES;

/** What mongod is told. A data folder deep down has no socket: loopback does as well. */
export const socketArguments = (folder: DataFolder): string[] =>
  fits(folder)
    ? ['--unixSocketPrefix', folder.socketsPath, '--filePermissions', '0600']
    : ['--nounixsocket'];

/** A folder that only this user may enter, without the sockets that killed servers have left. */
export const prepareSockets = async (folder: DataFolder): Promise<void> => {
  await mkdir(folder.socketsPath, { recursive: true, mode: 0o700 });
  const left = await readdir(folder.socketsPath);
  await Promise.all(left.map((name) => rm(join(folder.socketsPath, name), { force: true })));
};

/**
 * Names the database and the socket; undefined where mongod has none. Direct: a replica set tells its members by their
 * TCP addresses, and the driver would go there.
 */
export const socketUri = async (folder: DataFolder, port: number): Promise<string | undefined> => {
  const path = socketPath(folder, port);
  const isThere = await stat(path).then(
    (found) => found.isSocket(),
    () => false,
  );
  return isThere
    ? `mongodb://${encodeURIComponent(path)}/pigeonpost?directConnection=true`
    : undefined;
};
