import { expect } from 'chai';
import { Types } from 'mongoose';
import { audienceLists } from '../models/audience-list.js';
import type { Device } from '../models/device.js';
import { devicesIn } from '../models/device-store.js';
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

  it('leaves out a token with its vendor and its profile, and where neither is said', async () => {
    const facts = { tags: ['tokens'] };
    const first = await add('twice', facts);
    const second = await add('twice', { ...facts, profile: 'beta' });
    const token = 'sandbox-accept-twice';
    for (const [item, left] of [
      [{ token }, []],
      [{ token, profile: 'beta' }, [first]],
      [{ token, vendor: 'sandbox' }, []],
      [{ token, vendor: 'sandbox', profile: 'default' }, [second]],
      [{ token, vendor: 'fcm' }, [first, second]],
      [{ token, profile: 'gamma' }, [first, second]],
    ] as const) {
      const audience = { where: 'tokens', exclude: { tokens: [item] } };
      expect(await reached({ audience }), JSON.stringify(item)).to.have.members(left);
    }
  });

  it('counts the devices of a limit behind those who are left out', async () => {
    const facts = { tags: ['limited'] };
    const all: string[] = [];
    for (let index = 0; index < 8; index += 1) {
      all.push(await add(`limited-${index}`, { ...facts, account: `limited-${index}` }));
    }
    const audience = { where: 'limited', salt: 'spring', limit: 3 };
    const chosen = await reached({ audience });
    expect(chosen).to.have.lengthOf(3);
    // Without those the limit let in, it lets in the next.
    const others = await reached({ audience: { ...audience, exclude: { devices: chosen } } });
    expect(others).to.have.lengthOf(3);
    expect(all).to.include.members([...chosen, ...others]);
    expect(new Set([...chosen, ...others]).size).to.equal(6);
    const accounts = [0, 1, 2, 3, 4, 5].map((index) => `limited-${index}`);
    const few = await reached({ audience: { ...audience, exclude: { accounts } } });
    expect(few).to.have.members(all.slice(6));
  });

  it('leaves out the same where the app has a suppression list, whose devices are targeted', async () => {
    const facts = { tags: ['listed'] };
    const fine = await add('listed-a', facts);
    const suppressed = await add('listed-b', facts);
    await add('listed-c', facts);
    await add('listed-d', { ...facts, account: 'listed' });
    const { db } = test.parts;
    const { tokenKey } = (await devicesIn(db).findOne({
      _id: new Types.ObjectId(suppressed),
    })) as Device;
    await db
      .collection<{ _id: unknown }>('suppressions')
      .insertOne({ _id: tokenKey, app: test.app._id, kind: 'token', reason: 'erased' } as never);
    const exclude = { tokens: [{ token: 'sandbox-accept-listed-c' }], accounts: ['listed'] };
    const task = await test.accept({ audience: { where: 'listed', exclude } });
    await test.ended(task);
    const rows = (await test.rows(task)).map(({ device, state }) => [device, state]);
    expect(rows).to.have.deep.members([
      [fine, 'accepted'],
      [suppressed, 'suppressed'],
    ]);
  });
});
