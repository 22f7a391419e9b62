import { randomBytes } from 'node:crypto';
import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { temporaryFolders } from '../test/support/temporary-folder.js';
import { KeyFileError, loadKeys } from './key-files.js';

describe('loadKeys', () => {
  const folder = temporaryFolders();

  const failure = async (dataDir: string): Promise<Error> =>
    loadKeys({ dataDir }).then(
      () => expect.fail('loaded them'),
      (error: Error) => error,
    );

  it('makes both keys on the first start, readable by their owner only', async () => {
    const dataDir = join(await folder(), 'data');
    const keys = await loadKeys({ dataDir });
    expect(keys.masterKey).to.have.length(32);
    expect(keys.operatorKey).to.match(/^operator\.[A-Za-z0-9_-]{43}$/);
    expect(keys.operatorKeyMadeIn).to.equal(join(dataDir, 'operator.key'));
    expect(await readdir(dataDir)).to.have.members(['master.key', 'operator.key']);
    for (const name of await readdir(dataDir)) {
      expect((await stat(join(dataDir, name))).mode & 0o777, name).to.equal(0o600);
    }
  });

  it('reads the same keys on the next start, and says that it made none', async () => {
    const dataDir = await folder();
    const first = await loadKeys({ dataDir });
    const second = await loadKeys({ dataDir });
    expect(second.masterKey).to.deep.equal(first.masterKey);
    expect(second.operatorKey).to.equal(first.operatorKey);
    expect(second).not.to.have.property('operatorKeyMadeIn');
  });

  it('gives all who start at once the same keys, and one the news', async () => {
    const dataDir = await folder();
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => loadKeys({ dataDir })));
    expect(new Set(all.map(({ operatorKey }) => operatorKey))).to.have.property('size', 1);
    expect(new Set(all.map(({ masterKey }) => masterKey.toString('hex')))).to.have.property(
      'size',
      1,
    );
    expect(all.filter(({ operatorKeyMadeIn }) => operatorKeyMadeIn != null)).to.have.length(1);
    expect(await readdir(dataDir)).to.have.length(2);
  });

  it('takes the keys of the environment, and then touches no file', async () => {
    const dataDir = join(await folder(), 'untouched');
    const given = {
      masterKey: randomBytes(32),
      operatorKey: `me.${randomBytes(32).toString('hex')}`,
    };
    expect(await loadKeys({ dataDir, ...given })).to.deep.equal(given);
    expect(await readdir(join(dataDir, '..'))).to.deep.equal([]);
  });

  it('prefers the operator key of the environment to the one in the file', async () => {
    const dataDir = await folder();
    await loadKeys({ dataDir });
    const operatorKey = `me.${randomBytes(32).toString('hex')}`;
    const keys = await loadKeys({ dataDir, operatorKey });
    expect(keys.operatorKey).to.equal(operatorKey);
    expect(await readFile(join(dataDir, 'operator.key'), 'utf8')).not.to.include(operatorKey);
  });

  for (const name of ['master.key', 'operator.key']) {
    it(`refuses a ${name} that others can read, and does not repeat the key`, async () => {
      const dataDir = await folder();
      await loadKeys({ dataDir });
      await chmod(join(dataDir, name), 0o644);
      const error = await failure(dataDir);
      expect(error).to.be.instanceOf(KeyFileError);
      expect(error.message).to.include(join(dataDir, name)).and.include('644');
      const key = (await readFile(join(dataDir, name), 'utf8')).trim();
      expect(error.message).not.to.include(key);
    });

    it(`refuses a ${name} that holds something else, and leaves it as it is`, async () => {
      const dataDir = await folder();
      await loadKeys({ dataDir });
      await writeFile(join(dataDir, name), 'half a k');
      const error = await failure(dataDir);
      expect(error).to.be.instanceOf(KeyFileError);
      expect(error.message).to.include(join(dataDir, name)).and.not.include('half a k');
      expect(await readFile(join(dataDir, name), 'utf8')).to.equal('half a k');
    });
  }

  it('makes a new operator key when the file was deleted, and keeps the master key', async () => {
    const dataDir = await folder();
    const first = await loadKeys({ dataDir });
    await rm(join(dataDir, 'operator.key'));
    const second = await loadKeys({ dataDir });
    expect(second.operatorKey).not.to.equal(first.operatorKey);
    expect(second.masterKey).to.deep.equal(first.masterKey);
  });
});
