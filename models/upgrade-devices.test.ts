import { expect } from 'chai';
import { mongo, Types } from 'mongoose';
import { testDatabase } from '../test/support/mongo.js';
import { dbOf } from './database.js';
import type { Device } from './device.js';
import { devicesIn } from './device-store.js';
import { versionKey } from './expression/version.js';
import { upgradeDevices } from './upgrade-devices.js';

const OLD = new Date('2026-01-01');
const NOW = new Date('2026-11-22');
const PLATFORMS = new Map([
  ['apns', 'ios'],
  ['fcm', 'android'],
]);

describe('The upgrade of devices', () => {
  const database = testDatabase();
  const db = () => dbOf(database().connection);
  const add = async (change: Partial<Device>): Promise<Types.ObjectId> => {
    const device = { _id: new Types.ObjectId(), app: 'shop', vendor: 'fcm', registeredAt: OLD };
    await devicesIn(db()).insertOne({ ...device, ...change } as Device);
    return device._id;
  };
  const stored = (_id: Types.ObjectId) => devicesIn(db()).findOne({ _id });
  const upgrade = (platforms = PLATFORMS) => upgradeDevices(db(), platforms, NOW);

  beforeEach(async () => {
    await devicesIn(db()).deleteMany({});
    await db().collection('upgrades').deleteMany({});
  });

  it('gives what is missing and leaves what is known', async () => {
    const old = await add({ appVersion: '3.10.0' });
    const apple = await add({ vendor: 'apns', appVersion: 'nightly' });
    const pager = await add({ vendor: 'pager' });
    const fresh = await add({ platform: 'harmonyos', lastSeenAt: NOW });
    await upgrade();
    const key = versionKey('3.10.0');
    expect(await stored(old)).to.deep.include({
      appVersionKey: key,
      platform: 'android',
      lastSeenAt: OLD,
    });
    expect(await stored(apple))
      .to.include({ platform: 'ios' })
      .and.not.have.property('appVersionKey');
    expect(await stored(pager))
      .to.deep.include({ lastSeenAt: OLD })
      .and.not.have.property('platform');
    expect(await stored(fresh)).to.deep.include({ platform: 'harmonyos', lastSeenAt: NOW });
  });

  it('goes through more devices than fit into a stretch', async () => {
    const devices = Array.from({ length: 5_001 }, (_, index) => ({
      ...{ _id: new Types.ObjectId(), app: 'shop', vendor: 'fcm', registeredAt: OLD },
      appVersion: `1.${index % 3}`,
    }));
    await devicesIn(db()).insertMany(devices as Device[]);
    await upgrade(new Map());
    expect(await devicesIn(db()).countDocuments({ appVersionKey: versionKey('1.2') })).to.equal(
      1_667,
    );
    expect(await devicesIn(db()).countDocuments({ lastSeenAt: OLD })).to.equal(5_001);
  });

  it('is done once, so that what an import brings later is not taken for seen', async () => {
    await Promise.all([upgrade(), upgrade()]);
    const imported = await add({});
    await upgrade();
    expect(await stored(imported)).not.to.have.property('lastSeenAt');
  });

  it('goes on behind what an earlier process has done, and keeps no cursor at the end', async () => {
    const first = await add({});
    const second = await add({});
    const upgrades = db().collection<{ _id: string; cursor?: Types.ObjectId }>('upgrades');
    await upgrades.insertOne({ _id: 'device-facts', cursor: first });
    await upgrade();
    expect(await stored(first)).not.to.have.property('lastSeenAt');
    expect(await stored(second)).to.deep.include({ lastSeenAt: OLD });
    expect(await upgrades.findOne()).to.deep.equal({ _id: 'device-facts', at: NOW });
  });

  it('repeats the stretch in which the database was in trouble, not those before', async () => {
    const devices = Array.from({ length: 5_001 }, () => ({
      ...{ _id: new Types.ObjectId(), app: 'shop', vendor: 'fcm', registeredAt: OLD },
    }));
    await devicesIn(db()).insertMany(devices as Device[]);
    let troubles = 1;
    const cursors: unknown[] = [];
    const troubled = new Proxy(db(), {
      get: (target, name: keyof mongo.Db) =>
        name !== 'collection'
          ? (Reflect.get(target, name) as unknown)
          : (of: string) => {
              const found = target.collection(of);
              if (of !== 'devices') return found;
              return new Proxy(found, {
                get: (whole, method: keyof typeof found) => {
                  if (method === 'find') {
                    return (filter: mongo.Document, options: mongo.FindOptions) => {
                      cursors.push(filter._id?.$gt);
                      return whole.find(filter, options);
                    };
                  }
                  if (method === 'bulkWrite' && cursors.length === 2 && troubles > 0) {
                    troubles -= 1;
                    return () => Promise.reject(new mongo.MongoNetworkError('gone'));
                  }
                  const value: unknown = Reflect.get(whole, method);
                  return typeof value === 'function' ? (value.bind(whole) as unknown) : value;
                },
              });
            },
    });
    await upgradeDevices(troubled, PLATFORMS, NOW);
    const [before, behind] = [devices[4_999]?._id, devices[5_000]?._id];
    expect(cursors).to.deep.equal([undefined, before, before, behind]);
    expect(await devicesIn(db()).countDocuments({ lastSeenAt: OLD })).to.equal(5_001);
  });
});
