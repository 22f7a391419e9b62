/** `npm run simulators`, and the files that it leaves. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { loadMaterial, startSimulators } from './index.js';
import { TestClient } from './support/client.js';

describe('simulators that run by themselves', function () {
  // A whole process starts in some of these, on a machine that may have more to do.
  this.timeout(60_000);

  let folder: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'simulators-'));
  });

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  const run = (...args: string[]) => {
    const command = ['--import', 'tsx', join(import.meta.dirname, 'cli.ts'), ...args];
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    return child;
  };

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`say where they are, serve, and stop on ${signal}`, async () => {
      const ports = ['fcm', 'apns', 'harmony', 'admin'].flatMap((name) => [`--${name}-port`, '0']);
      await writeFile(join(folder, 'material.json'), JSON.stringify(await loadMaterial()));
      const child = run('--folder', folder, ...ports);
      const exited = once(child, 'exit');
      const lines: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        lines.push(line);
        if (line.startsWith('Ready')) break;
      }
      const urls = lines.slice(0, 3).map((line) => /https:\S+/.exec(line)?.[0] ?? '');
      const client = new TestClient(urls[1] ?? '', {
        ca: await readFile(join(folder, 'ca.pem'), 'utf8'),
      });
      const { json } = await client.send({ path: '/3/device/' });
      expect(json).to.deep.equal({ reason: 'MissingTopic' });
      child.kill(signal);
      expect(await exited).to.deep.equal([0, null]);
      await client.close();
    });
  }

  it('refuse an option they do not understand', async () => {
    const child = run('--folder', folder, '--fcm-port', 'x');
    const [text] = (await once(child.stderr.setEncoding('utf8'), 'data')) as [string];
    expect(text).to.contain('--fcm-port must be a whole number');
    expect(await once(child, 'exit')).to.deep.equal([1, null]);
  });

  it('keep their keys in the folder, for nobody else to read', async () => {
    const first = await startSimulators({ folder });
    await first.close();
    const second = await startSimulators({ folder });
    await second.close();
    expect(second.ca).to.equal(first.ca);
    expect(second.apns.credentials).to.deep.equal(first.apns.credentials);
    expect(first.files.map((file) => file.slice(folder.length + 1))).to.have.members([
      'ca.pem',
      'fcm-service-account.json',
      'AuthKey_PIGEONKEY1.p8',
      'apns-certificate.pem',
      'apns-certificate-key.pem',
      'harmony-service-account.json',
      'simulators.json',
    ]);
    for (const file of [...second.files, join(folder, 'material.json')]) {
      expect((await stat(file)).mode & 0o777, file).to.equal(0o600);
    }
  });

  it('leave nothing running when one of them cannot start', async () => {
    const first = await startSimulators();
    const taken = Number(new URL(first.harmony.url).port);
    const [result] = await Promise.allSettled([startSimulators({ ports: { harmony: taken } })]);
    await first.close();
    expect(result.status).to.equal('rejected');
    expect(String((result as PromiseRejectedResult).reason)).to.contain('EADDRINUSE');
  });
});
