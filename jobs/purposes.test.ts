import { expect } from 'chai';
import type { Consent } from '../models/device.js';
import { savePurpose } from '../models/purpose.js';
import { LANES } from '../models/task.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';
import { TaskRefused } from './engine.js';

const MESSAGE = { title: 'Sale', silent: false, priority: 'high', purpose: 'marketing' } as const;

describe('A purpose with versions', () => {
  const database = testDatabase();
  let test: EngineTest;

  beforeEach(async () => {
    test = await engineTest(database().connection);
    await test.addProfile('sandbox');
  });
  afterEach(() => test.engine.stop(2_000));

  const define = async (version: string, { reconsent = false } = {}): Promise<void> => {
    const made = { app: test.app._id, name: 'marketing', by: 'test', now: new Date() };
    await savePurpose(database().connection, made, {
      version,
      reconsent,
      title: 'Offers',
      text: 'Offers',
    });
    test.engine.appChanged(test.app._id);
  };
  const granted = (policyVersion?: string): Consent => ({
    push: 'granted',
    purposes: { marketing: 'granted' },
    ...(policyVersion == null ? {} : { policyVersions: { marketing: policyVersion } }),
  });
  const add = (token: string, policyVersion?: string) =>
    test.addDevice(`sandbox-ok-${token}`, { consent: granted(policyVersion) });
  const send = async (): Promise<Record<string, string>> => {
    const task = await test.accept({ audience: { all: true }, message: MESSAGE });
    await test.ended(task);
    const rows = await test.rows(task);
    return Object.fromEntries(rows.map(({ device, state, reason }) => [device, reason ?? state]));
  };

  it('counts grants for the version that asked anew and those after it, in their own order', async () => {
    const [none, old, asked, newer] = [
      await add('none'),
      await add('old', '10'),
      await add('asked', '9'),
      await add('newer', '8'),
    ].map(String) as [string, string, string, string];
    await define('10');
    const everybody = { [none]: 'accepted', [old]: 'accepted', [asked]: 'accepted' };
    expect(await send()).to.deep.equal({ ...everybody, [newer]: 'accepted' });
    await define('9', { reconsent: true });
    await define('8');
    expect(await send()).to.deep.equal({
      [none]: 'consent-outdated',
      [old]: 'consent-outdated',
      [asked]: 'accepted',
      [newer]: 'accepted',
    });
  });

  it('is asked again right before sending', async () => {
    const device = String(await add('late', '1'));
    await define('1');
    await test.engine.stop(2_000);
    // Where nothing is sent, so that it is planned and waits.
    test = await engineTest(database().connection, { ...test.parts, lanes: [], app: test.app });
    const task = await test.accept({ audience: { devices: [device] }, message: MESSAGE });
    expect(await test.taskNow(task)).to.include({ planned: true, state: 'sending' });
    await define('2', { reconsent: true });
    await test.engine.stop(2_000);
    test = await engineTest(database().connection, { ...test.parts, lanes: LANES, app: test.app });
    await test.ended(task);
    expect(await test.rows(task)).to.deep.equal([
      { device, state: 'suppressed', reason: 'consent-outdated' },
    ]);
  });

  it('keeps tasks from naming a purpose that there is none of, for as long as there is one', async () => {
    const other = { ...MESSAGE, purpose: 'raffle' };
    await test.accept({ audience: { all: true }, message: other });
    await define('1');
    const refused = await test
      .accept({ audience: { all: true }, message: other })
      .catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(TaskRefused);
    expect((refused as TaskRefused).problems.map(({ code }) => code)).to.deep.equal([
      'PURPOSE_UNKNOWN',
    ]);
  });
});
