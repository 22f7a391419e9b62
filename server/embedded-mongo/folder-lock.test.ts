import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { temporaryFolders } from '../../test/support/temporary-folder.js';
import { lockFolder } from './folder-lock.js';

describe('lockFolder', () => {
  const folder = temporaryFolders();

  const failure = async (locked: Promise<unknown>): Promise<Error & { code?: string }> =>
    locked.then(
      () => expect.fail('got the lock'),
      (error: Error) => error,
    );

  /** Locks it in another process, which lives until it is killed. */
  const lockElsewhere = async (path: string) => {
    const module = new URL('./folder-lock.ts', import.meta.url).href;
    const program = `
      const { lockFolder } = await import(${JSON.stringify(module)});
      await lockFolder(${JSON.stringify(path)});
      process.stdout.write('locked');
      setInterval(() => {}, 1000);`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', program];
    const holder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    return holder;
  };

  it('refuses a second holder, naming the folder and the process', async () => {
    const path = await folder();
    const holder = await lockElsewhere(path);
    const error = await failure(lockFolder(path));
    expect(error).to.have.property('code', 'DATA_IN_USE');
    expect(error.message).to.include(path).and.include(`process ${holder.pid}`);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  });

  it('takes over from a holder that was killed', async () => {
    const path = await folder();
    const holder = await lockElsewhere(path);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const lock = await lockFolder(path);
    expect(lock.takenOver).to.equal(true);
    await lock.release();
    expect(await readdir(path)).to.deep.equal([]);
  });

  it('refuses a second holder in the same process, until the first releases it', async () => {
    const path = await folder();
    const first = await lockFolder(path);
    expect(first.takenOver).to.equal(false);
    expect(await failure(lockFolder(path))).to.have.property('code', 'DATA_IN_USE');
    await first.release();
    const second = await lockFolder(path);
    expect(second.takenOver).to.equal(false);
    await second.release();
  });

  it('gives the lock to one of many who want it at once', async () => {
    const path = await folder();
    const tries = await Promise.allSettled([1, 2, 3, 4, 5].map(() => lockFolder(path)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
  });

  it('does not take another program for the holder because it got its pid', async () => {
    const path = await folder();
    const holder = await lockElsewhere(path);
    const lock = JSON.parse(await readFile(join(path, 'gateway.lock'), 'utf8')) as object;
    const earlier = { ...lock, startedAt: 'before the machine was restarted' };
    await writeFile(join(path, 'gateway.lock'), JSON.stringify(earlier));
    expect((await lockFolder(path)).takenOver).to.equal(true);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  });

  it('is not stopped by a lock that is no lock', async () => {
    const path = await folder();
    await writeFile(join(path, 'gateway.lock'), '');
    expect((await lockFolder(path)).takenOver).to.equal(true);
  });
});
