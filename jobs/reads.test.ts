import { expect } from 'chai';
import { type mongo, Types } from 'mongoose';
import { dbOf } from '../models/database.js';
import { tokenKey } from '../models/token-key.js';
import { commandsOf } from '../test/support/commands.js';
import { registered } from '../test/support/engine.js';
import { someIds } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import type { DeviceView } from './eligibility.js';
import { createPriority, SMALL_PIECE } from './priority.js';
import { createReads, type Reads } from './reads.js';

describe('reads that share a request', () => {
  const database = testDatabase();
  const secret = Buffer.alloc(32, 7);
  let reads: Reads;

  before(() => {
    reads = createReads(dbOf(database().connection), createPriority(Date.now));
  });

  const someDevice = (): Promise<Types.ObjectId> =>
    registered(database().connection, secret, {
      app: 'shop',
      token: new Types.ObjectId().toHexString(),
    });
  /** What `work` answers, and how often it has asked for documents. */
  const counted = async <T>(work: () => Promise<T>): Promise<{ answer: T; finds: number }> => {
    const commands = commandsOf(database().connection);
    try {
      return { answer: await work(), finds: commands.named('find').length };
    } finally {
      commands.stop();
    }
  };
  const texts = (found: readonly { _id: Types.ObjectId }[]): string[] =>
    found.map(({ _id }) => _id.toHexString()).sort();

  it('gives each caller its own devices', async () => {
    const ids = await Promise.all([someDevice(), someDevice(), someDevice()]);
    const [one, two, three] = ids;
    const asked = [[one], [one, two], [], [new Types.ObjectId(), three]];
    const { answer, finds } = await counted(() =>
      Promise.all(asked.map((some) => reads.devices(some))),
    );
    expect(answer.map(texts)).to.deep.equal(
      [[one], [one, two], [], [three]].map((some) => some.map(String).sort()),
    );
    expect(finds).to.equal(1);
  });

  it('gives each caller the holders of its own tokens, in whatever profile and app', async () => {
    const hold = (app: string, token: string, profile = 'default'): Promise<Types.ObjectId> =>
      registered(database().connection, secret, { app, token, profile });
    const key = (token: string): Buffer => tokenKey(secret, 'sandbox', token);
    const one = await hold('shop', 'held-1');
    const staging = await hold('shop', 'held-1', 'staging');
    const two = await hold('shop', 'held-2');
    const other = await hold('bank', 'held-3');
    const asked = (): Promise<DeviceView[]>[] => [
      reads.holders('shop', [key('held-1')]),
      reads.holders('shop', [key('held-2'), key('held-1')]),
      reads.holders('shop', [key('held-3')]),
      reads.holders('bank', [key('held-3')]),
    ];
    const { answer, finds } = await counted(() => Promise.all(asked()));
    expect(answer.map(texts)).to.deep.equal(
      [[one, staging], [one, staging, two], [], [other]].map((some) => some.map(String).sort()),
    );
    // One for each app.
    expect(finds).to.equal(2);
    expect(answer[3]?.[0]).to.include({ app: 'bank', token: 'held-3', state: 'active' });
  });

  it('lets who asks for many ask alone', async () => {
    const device = await someDevice();
    const { answer, finds } = await counted(() =>
      Promise.all([reads.devices([device]), reads.devices([device, ...someIds(60)])]),
    );
    expect(answer.map(texts)).to.deep.equal([[String(device)], [String(device)]]);
    expect(finds).to.equal(2);
  });

  it('reads many in pieces, and gives way before each', async () => {
    const ids = [await someDevice(), ...someIds(2 * SMALL_PIECE)];
    let ways = 0;
    const giveWay = async (): Promise<void> => void (ways += 1);
    const polite = createReads(dbOf(database().connection), { giveWay, pieceDevices: SMALL_PIECE });
    const { answer, finds } = await counted(() => polite.devices(ids));
    expect(texts(answer)).to.deep.equal([String(ids[0])]);
    expect({ finds, ways }).to.deep.equal({ finds: 3, ways: 3 });
    await polite.devices(ids.slice(0, 2));
    expect(ways).to.equal(3);
  });

  it('tells which keys are on a list, and whose it is', async () => {
    const [mine, yours, free] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte)) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    await database()
      .connection.collection<{ _id: mongo.BSON.Binary | Buffer; app: string }>('suppressions')
      .insertMany([
        { _id: mine, app: 'shop' },
        { _id: yours, app: 'bank' },
      ]);
    const { answer, finds } = await counted(() =>
      Promise.all([reads.suppressions([mine, free]), reads.suppressions([yours])]),
    );
    expect(answer.map((found) => found.map(({ app }) => app))).to.deep.equal([['shop'], ['bank']]);
    expect(finds).to.equal(1);
  });
});
