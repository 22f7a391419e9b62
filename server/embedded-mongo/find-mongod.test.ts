import { copyFile, mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { temporaryFolders } from '../../test/support/temporary-folder.js';
import { type Download, type FindMongodOptions, findMongod } from './find-mongod.js';

describe('findMongod', () => {
  const folder = temporaryFolders();

  /** A program that answers `--version` as a mongod does. */
  const mongodOf = async (version: string): Promise<string> => {
    const path = join(await folder(), 'mongod');
    await writeFile(path, `#!/bin/sh\necho 'db version v${version}'\n`, { mode: 0o755 });
    return path;
  };

  /** Brings that program, and counts how often it was asked to. */
  const downloadOf = async (version: string): Promise<{ download: Download; asked: string[] }> => {
    const path = await mongodOf(version);
    const asked: string[] = [];
    const download: Download = async (into, wanted) => {
      asked.push(wanted ?? 'any');
      await copyFile(path, join(into, 'fetched'));
      return join(into, 'fetched');
    };
    return { download, asked };
  };

  const unreachable: Download = async () => {
    throw new Error('no network');
  };

  const search = async (options: Partial<FindMongodOptions> = {}) => {
    const warnings: string[] = [];
    const log = { info: () => {}, warn: (message: string) => warnings.push(message) };
    const cacheDir = options.cacheDir ?? (await folder());
    const installed = join(cacheDir, 'not-installed');
    const find = () => findMongod({ installed, downloads: {}, log, ...options, cacheDir });
    return { find, warnings, cacheDir };
  };

  const failure = async (find: () => Promise<unknown>): Promise<Error & { code?: string }> =>
    find().then(
      () => expect.fail('found one'),
      (error: Error) => error,
    );

  it('takes the installed one before any other, and fetches nothing', async () => {
    const { download, asked } = await downloadOf('8.0.4');
    const installed = await mongodOf('7.0.14');
    const { find } = await search({ installed, downloads: { download } });
    expect(await find()).to.deep.equal({ command: installed, version: '7.0.14' });
    expect(asked).to.deep.equal([]);
  });

  it('passes over an installed one that is older than 6.0, with a word in the log', async () => {
    const { download } = await downloadOf('6.0.5');
    const installed = await mongodOf('5.0.31');
    const { find, warnings } = await search({ installed, downloads: { download } });
    expect((await find()).version).to.equal('6.0.5');
    expect(warnings.join()).to.include(installed).and.include('5.0.31').and.include('6.0 or newer');
  });

  it('says nothing about one that is not installed', async () => {
    const { download } = await downloadOf('6.0.5');
    const { find, warnings } = await search({ downloads: { download } });
    await find();
    expect(warnings).to.deep.equal([]);
  });

  it('fetches once for all who share the cache', async () => {
    const { download, asked } = await downloadOf('6.0.5');
    const { find, cacheDir } = await search({ downloads: { download } });
    const first = await find();
    const { find: findAgain } = await search({ cacheDir, downloads: { download } });
    expect(await findAgain()).to.deep.equal(first);
    expect(asked).to.have.length(1);
  });

  it('gives two who fetch at once one whole binary', async () => {
    const { download } = await downloadOf('6.0.5');
    const { find, cacheDir } = await search({ downloads: { download } });
    const [one, other] = await Promise.all([find(), find()]);
    expect(one).to.deep.equal(other);
    expect(await readdir(join(cacheDir, 'mongod'))).to.deep.equal(['6.0.5']);
    expect(await readdir(join(cacheDir, 'downloads'))).to.deep.equal([]);
  });

  it('fetches again when the cached binary is truncated', async () => {
    const { download, asked } = await downloadOf('6.0.5');
    const { find } = await search({ downloads: { download } });
    await truncate((await find()).command, 10);
    expect((await find()).version).to.equal('6.0.5');
    expect(asked).to.have.length(2);
  });

  it('fetches again when a binary was left without the record of a finished one', async () => {
    const { download, asked } = await downloadOf('6.0.5');
    const { find, cacheDir } = await search({ downloads: { download } });
    await mkdir(join(cacheDir, 'mongod', '6.0.5'), { recursive: true });
    await writeFile(join(cacheDir, 'mongod', '6.0.5', 'mongod'), 'half', { mode: 0o755 });
    expect((await find()).version).to.equal('6.0.5');
    expect(asked).to.have.length(1);
  });

  it('goes on to the next source when one fails or brings what does not run here', async () => {
    const broken: Download = async (into) => {
      await writeFile(join(into, 'mongod'), '#!/nowhere/sh\n');
      return join(into, 'mongod');
    };
    const { download } = await downloadOf('6.0.5');
    const { find, warnings, cacheDir } = await search({
      downloads: { unreachable, broken, download },
    });
    expect((await find()).version).to.equal('6.0.5');
    expect(warnings).to.have.length(2);
    expect(warnings[0]).to.include('unreachable').and.include('no network');
    expect(await readdir(join(cacheDir, 'mongod'))).to.deep.equal(['6.0.5']);
  });

  it('names every way out when there is none', async () => {
    const { find, cacheDir } = await search({ downloads: { unreachable } });
    const error = await failure(find);
    expect(error).to.have.property('code', 'NO_MONGOD');
    expect(error.message)
      .to.include('Install mongod')
      .and.include('MONGODB_URI')
      .and.include('network');
    expect(await readdir(join(cacheDir, 'mongod'))).to.deep.equal([]);
  });

  context('when there is data already', () => {
    it('takes the one that wrote it from the cache, and asks the sources for that version', async () => {
      const { download, asked } = await downloadOf('6.0.5');
      const installed = await mongodOf('7.0.14');
      const { find } = await search({ installed, dataVersion: '6.0.5', downloads: { download } });
      expect((await find()).version).to.equal('6.0.5');
      expect((await find()).version).to.equal('6.0.5');
      expect(asked).to.deep.equal(['6.0.5']);
    });

    it('takes another patch of the same series', async () => {
      const installed = await mongodOf('6.0.19');
      const { find } = await search({ installed, dataVersion: '6.0.5' });
      expect((await find()).version).to.equal('6.0.19');
    });

    for (const version of ['7.0.14', '6.1.0']) {
      it(`refuses ${version} on the data of 6.0.5, and says what to do`, async () => {
        const installed = await mongodOf(version);
        const { find } = await search({
          installed,
          dataVersion: '6.0.5',
          downloads: { unreachable },
        });
        const error = await failure(find);
        expect(error).to.have.property('code', 'DATA_VERSION');
        expect(error.message).to.include(version).and.include('6.0.5').and.include('on PATH');
        expect(error.message).to.include('dump').and.include('MONGODB_URI');
      });
    }
  });
});
