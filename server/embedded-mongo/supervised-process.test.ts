import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { temporaryFolders } from '../../test/support/temporary-folder.js';
import { until } from '../../test/support/until.js';
import { isAlive } from './is-alive.js';
import { superviseProcess } from './supervised-process.js';

/** Prints its pid, and goes when it is asked to, with code 7. */
const OBEDIENT = "echo $$; trap 'exit 7' TERM; while :; do sleep 0.1; done";

describe('superviseProcess', () => {
  const folder = temporaryFolders();

  const started = async (script: string) => {
    const logPath = join(await folder(), 'log');
    const child = await superviseProcess('sh', ['-c', script], logPath);
    const printed = () => readFile(logPath, 'utf8');
    await until('the process prints something', async () => (await printed()).endsWith('\n'));
    return { child, pid: Number.parseInt(await printed(), 10) };
  };

  it('stops the process when it is asked to, and waits for its end', async () => {
    const { child, pid } = await started(OBEDIENT);
    expect(isAlive(pid)).to.equal(true);
    await child.stop();
    expect(isAlive(pid)).to.equal(false);
    expect(await child.ended).to.equal(7);
  });

  it('tells that the process has ended by itself, and how', async () => {
    const { child } = await started('echo $$; exit 48');
    expect(await child.ended).to.equal(48);
    await child.stop();
  });

  it('starts nothing that a signal to our process group would reach', async () => {
    const { child, pid } = await started(OBEDIENT);
    const group = async (of: number): Promise<string | undefined> =>
      (await readFile(`/proc/${of}/stat`, 'utf8')).split(') ')[1]?.split(' ')[2];
    if (process.platform === 'linux')
      expect(await group(pid)).not.to.equal(await group(process.pid));
    await child.stop();
  });

  it('leaves no process behind when ours is killed with SIGKILL', async () => {
    const logPath = join(await folder(), 'log');
    const module = new URL('./supervised-process.ts', import.meta.url).href;
    const program = `
      const { superviseProcess } = await import(${JSON.stringify(module)});
      await superviseProcess('sh', ['-c', ${JSON.stringify(OBEDIENT)}], ${JSON.stringify(logPath)});
      setInterval(() => {}, 1000);`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', program];
    const parent = spawn(process.execPath, args, { stdio: 'inherit' });
    const printed = () => readFile(logPath, 'utf8').catch(() => '');
    await until('the process prints its pid', async () => (await printed()).endsWith('\n'));
    const pid = Number.parseInt(await printed(), 10);
    expect(isAlive(pid)).to.equal(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await until('the process is gone', () => !isAlive(pid));
  });

  it('does not keep our process running', async () => {
    const logPath = join(await folder(), 'log');
    const module = new URL('./supervised-process.ts', import.meta.url).href;
    const program = `
      const { superviseProcess } = await import(${JSON.stringify(module)});
      await superviseProcess('sh', ['-c', ${JSON.stringify(OBEDIENT)}], ${JSON.stringify(logPath)});`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', program];
    const [code] = (await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')) as [
      number,
    ];
    expect(code).to.equal(0);
  });
});
