import { expect } from 'chai';
import { audienceLists } from '../models/audience-list.js';
import type { Device } from '../models/device.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';
import { until } from '../test/support/until.js';

const DAY_MS = 86_400_000;

describe('A task to an expression', () => {
  const database = testDatabase();
  let test: EngineTest;

  before(async () => {
    test = await engineTest(database().connection);
    await test.addProfile('sandbox');
  });
  after(() => test.engine.stop(1_000));

  const add = async (name: string, change: Partial<Device> = {}): Promise<string> =>
    (await test.addDevice(`sandbox-accept-${name}`, change)).toHexString();
  const reached = async (...given: Parameters<EngineTest['accept']>): Promise<string[]> => {
    const task = await test.accept(...given);
    await test.ended(task);
    const list = () => audienceLists(test.parts.db).findOne({ _id: task._id });
    await until('its list is gone', async () => (await list()) == null);
    return (await test.rows(task)).map(({ device }) => device);
  };

  it('goes to whom it describes but to nobody who is excluded, in whichever way', async () => {
    const facts = { tags: ['vip'], attributes: { level: 12 }, platform: 'ios' };
    const one = await add('a', facts);
    const two = await add('b', { ...facts, platform: 'ipados' });
    await add('c', { ...facts, account: 'left-out' });
    await add('d', { ...facts, tags: ['vip', 'churned'] });
    await add('e', { ...facts, attributes: { level: 9 } });
    const byId = await add('f', facts);
    await add('g', facts);
    const audience = {
      where: 'vip & attr.level >= 10 & platform in (ios, ipados)',
      exclude: {
        accounts: ['left-out'],
        devices: [byId],
        tokens: [{ token: 'sandbox-accept-g' }],
        where: 'churned',
      },
    };
    expect(await reached({ audience })).to.have.members([one, two]);
  });

  it('counts ages back from when it begins, not from when it was written', async () => {
    const startsAt = new Date(Date.now() + 300);
    const lastSeen = (agoMs: number) => ({
      account: 'aged',
      lastSeenAt: new Date(startsAt.getTime() - agoMs),
    });
    const young = await add('young', lastSeen(DAY_MS - 1));
    await add('old', lastSeen(DAY_MS + 100));
    const audience = { where: 'account = aged & lastSeen within 1d' };
    expect(await reached({ audience, schedule: { at: startsAt } })).to.deep.equal([young]);
  });
});
