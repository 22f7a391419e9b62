import { expect } from 'chai';
import { ledgerBalances } from '../models/ledger.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';

describe('the way of a push', () => {
  const database = testDatabase();
  let test: EngineTest;

  beforeEach(async () => {
    test = await engineTest(database().connection);
    await test.addProfile('sandbox');
  });
  afterEach(() => test.engine.stop(2_000));

  it('ends each device of a task in one state, and the books balance', async () => {
    const good = await test.addDevice('sandbox-accept-1', { tags: ['vip'] });
    const refused = await test.addDevice('sandbox-refused-1', { tags: ['vip'] });
    const silent = await test.addDevice('sandbox-accept-2', {
      tags: ['vip'],
      consent: { purposes: {} },
    });
    await test.addDevice('sandbox-accept-3', { tags: ['other'] });
    const task = await test.accept({ audience: { tags: 'vip' } });
    expect(await test.ended(task)).to.include({ state: 'done', planned: true });
    expect(await test.rows(task)).to.deep.equal([
      { device: good.toHexString(), state: 'accepted' },
      { device: refused.toHexString(), state: 'failed', reason: 'refused' },
      { device: silent.toHexString(), state: 'suppressed', reason: 'no-consent' },
    ]);
    const report = await test.engine.report(task);
    expect(report).to.deep.include({ targeted: 3, pending: 0 });
    expect(report.states).to.include({ accepted: 1, failed: 1, suppressed: 1 });
    expect(ledgerBalances(report)).to.equal(true);
  });

  it('plans a short list while the caller waits', async () => {
    const device = await test.addDevice('sandbox-accept-1');
    const task = await test.accept({ audience: { devices: [device.toHexString()] } });
    expect(task).to.include({ state: 'sending', planned: true });
    await test.ended(task);
    expect(await test.rows(task)).to.deep.equal([
      { device: device.toHexString(), state: 'accepted' },
    ]);
  });

  it('tries a busy device again in a new batch', async () => {
    const device = await test.addDevice('sandbox-busy1-1');
    const task = await test.accept({ audience: { devices: [device.toHexString()] } });
    await test.ended(task);
    const rows = [];
    for await (const row of test.engine.deliveries(await test.taskNow(task), {})) rows.push(row);
    expect(rows).to.have.length(1);
    expect(rows[0]).to.include({ state: 'accepted', attempts: 2 });
  });
});
