/** A process that is killed while it deletes a tag; another one goes on, and the number of devices is exact. */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { Types } from 'mongoose';
import { apiClient } from '../demo/api-client.js';
import { dbOf } from '../models/database.js';
import type { Device } from '../models/device.js';
import { devicesIn } from '../models/device-store.js';
import type { TagRemoval } from '../models/tag-removal.js';
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.js';
import { testDatabase } from './support/mongo.js';
import { temporaryFolders } from './support/temporary-folder.js';
import { until } from './support/until.js';

/** More than one sweep takes. */
const DEVICES = 40_000;

const NOW = new Date();
const tagged = (index: number): Device => ({
  _id: new Types.ObjectId(),
  app: 'shop',
  vendor: 'sandbox',
  profile: 'default',
  token: `t-${index}`,
  tokenKey: Buffer.from(`${index}`.padStart(16, '0')),
  tags: ['old', 'kept'],
  consent: { purposes: {} },
  state: 'active',
  registeredAt: NOW,
  createdAt: NOW,
  updatedAt: NOW,
});

interface Removal {
  state: string;
  devices: number;
}

describe('a gateway that is killed while it deletes a tag', function () {
  this.timeout(300_000);
  const database = testDatabase();
  const newFolder = temporaryFolders();
  const processes: GatewayProcess[] = [];
  const env = {
    PIGEONPOST_MASTER_KEY: randomBytes(32).toString('base64url'),
    PIGEONPOST_OPERATOR_KEY: `operator.${randomBytes(32).toString('base64url')}`,
    HOST: '127.0.0.1',
  };
  const start = async (): Promise<GatewayProcess> => {
    const started = await startGatewayProcess({
      dataDir: await newFolder(),
      env: { ...env, MONGODB_URI: database().uri },
    });
    processes.push(started);
    return started;
  };
  const db = () => dbOf(database().connection);
  after(() => Promise.all(processes.map((one) => one.kill('SIGTERM'))));

  it('leaves the rest to another, which counts each device once', async () => {
    const doomed = await start();
    const { adminKey } = await doomed.operator.post<{ adminKey: { key: string } }>('/v1/apps', {
      id: 'shop',
      name: 'The shop',
    });
    await devicesIn(db()).insertMany(Array.from({ length: DEVICES }, (_, index) => tagged(index)));
    const api = apiClient(doomed.url, adminKey.key);
    await api.delete('/v1/tags/old');
    const removals = db().collection<Pick<TagRemoval, '_id' | 'state' | 'devices'>>('tag_removals');
    await until(
      'some devices have lost it',
      async () => (await removals.findOne({}))!.devices > 0,
      {
        everyMs: 2,
      },
    );
    await doomed.kill('SIGKILL');
    const left = await removals.findOne({});
    expect(left).to.have.property('state', 'running');
    expect(left?.devices).to.be.within(1, DEVICES - 1);

    const successor = apiClient((await start()).url, adminKey.key);
    const removal = () => successor.get<Removal>(`/v1/tag-removals/${left?._id.toHexString()}`);
    await until('the tag is deleted', async () => (await removal()).state === 'done', {
      withinMs: 200_000,
      everyMs: 200,
    });
    expect(await removal()).to.include({ devices: DEVICES });
    const devices = devicesIn(db());
    expect(await devices.countDocuments({ app: 'shop', tags: 'old' })).to.equal(0);
    expect(await devices.countDocuments({ app: 'shop', tags: 'kept' })).to.equal(DEVICES);
  });
});
