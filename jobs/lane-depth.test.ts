import { expect } from 'chai';
import type { mongo } from 'mongoose';
import { Types } from 'mongoose';
import { type Batch, batches, batchIndexes, plannedBatchId } from '../models/batch.js';
import { dbOf } from '../models/database.js';
import { testDatabase } from '../test/support/mongo.js';
import { laneDepth } from './lane-depth.js';

const NOW = new Date('2026-01-01T12:00:00Z');
const secondsAgo = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1_000);

const batch = (given: Partial<Batch>): mongo.OptionalUnlessRequiredId<Batch> => {
  const task = new Types.ObjectId();
  return {
    _id: plannedBatchId(task, 0),
    task,
    app: 'shop',
    vendor: 'fcm',
    profile: 'default',
    lane: 'default',
    state: 'due',
    first: true,
    attempt: 1,
    waits: 0,
    maybe: false,
    size: 10,
    notBefore: secondsAgo(1),
    expiresAt: secondsAgo(-3600),
    movedOn: 0,
    counts: {},
    createdAt: secondsAgo(60),
    beat: 0,
    fence: 0,
    ...given,
  };
};

describe('laneDepth', () => {
  const database = testDatabase();
  const db = (): mongo.Db => dbOf(database().connection);
  before(() => batches(db()).createIndexes([...batchIndexes]));

  it('shows zeros for lanes in which nothing waits', async () => {
    const none = { batches: 0, devices: 0, oldestDueSeconds: 0 };
    expect(await laneDepth(db(), NOW.getTime())).to.deep.equal([
      { lane: 'transactional', ...none },
      { lane: 'default', ...none },
      { lane: 'campaign', ...none },
    ]);
  });

  it('counts what is due, by lane, and not what is held, worked on, done or not due yet', async () => {
    await batches(db()).insertMany([
      batch({ notBefore: secondsAgo(30) }),
      batch({ size: 5 }),
      batch({ lane: 'campaign', size: 1000, notBefore: secondsAgo(2) }),
      batch({ notBefore: secondsAgo(-1), size: 1_000_000 }),
      ...(['held', 'claimed', 'sending', 'done'] as const).map((state) =>
        batch({ state, size: 1_000_000, notBefore: secondsAgo(999) }),
      ),
    ]);
    expect(await laneDepth(db(), NOW.getTime())).to.deep.equal([
      { lane: 'transactional', batches: 0, devices: 0, oldestDueSeconds: 0 },
      { lane: 'default', batches: 2, devices: 15, oldestDueSeconds: 30 },
      { lane: 'campaign', batches: 1, devices: 1000, oldestDueSeconds: 2 },
    ]);
  });
});
