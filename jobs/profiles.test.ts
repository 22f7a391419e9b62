import { expect } from 'chai';
import type { Vendor } from '../adapters/adapter.js';
import { loadVendor } from '../adapters/index.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';
import { until } from '../test/support/until.js';

describe('vendor profiles', () => {
  const database = testDatabase();
  let test: EngineTest;
  let opened: string[];
  let closed: string[];

  /** The sandbox, with settings that it may refuse to work with. */
  const fussy = async (): Promise<Vendor> => {
    const sandbox = await loadVendor('sandbox');
    return {
      ...sandbox,
      open(settings, deps) {
        const key = String(settings['apiKey']);
        if (key === 'bad') throw new Error('The key is no key');
        opened.push(key);
        return { ...sandbox.open(settings, deps), close: async () => void closed.push(key) };
      },
    };
  };

  beforeEach(async () => {
    opened = [];
    closed = [];
    const vendors = new Map([['sandbox', await fussy()]]);
    test = await engineTest(database().connection, { vendors });
  });
  afterEach(() => test.engine.stop(2_000));

  it('with settings that cannot work keep their devices waiting, with the reason', async () => {
    await test.addProfile('sandbox', { apiKey: 'bad' });
    const device = await test.addDevice('sandbox-accept-1');
    const task = await test.accept({ audience: { devices: [device.toHexString()] } });
    await until('it was tried once', async () => {
      for await (const row of test.engine.deliveries(task, { state: 'pending' })) {
        if (row.reason === 'settings-unusable') return true;
      }
      return false;
    });
    expect(await test.engine.report(task)).to.deep.include({ targeted: 1, pending: 1 });
    await test.engine.control(test.app._id, task._id, 'cancel');
    await test.ended(task);
  });

  it('open one adapter for all tasks, and close it with the engine', async () => {
    await test.addProfile('sandbox', { apiKey: 'good' });
    const device = await test.addDevice('sandbox-accept-2');
    for (let round = 0; round < 3; round += 1) {
      await test.ended(await test.accept({ audience: { devices: [device.toHexString()] } }));
    }
    expect(opened).to.deep.equal(['good']);
    expect(closed).to.deep.equal([]);
    await test.engine.stop(2_000);
    expect(closed).to.deep.equal(['good']);
  });
});
