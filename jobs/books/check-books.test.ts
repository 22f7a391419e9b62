import { expect } from 'chai';
import type { mongo, Types } from 'mongoose';
import { audienceLists } from '../../models/audience-list.js';
import { type Batch, batches, batchIndexes, LEDGER_INDEX, packIds } from '../../models/batch.js';
import { dbOf } from '../../models/database.js';
import {
  currentDeliveries,
  deliveries,
  deliveryId,
  deliveryRange,
  ensureDeliveries,
} from '../../models/delivery.js';
import { tasks } from '../../models/lease.js';
import { newTaskId, type Task } from '../../models/task.js';
import {
  addBooked,
  type Booked,
  booksForTest,
  checkAll,
  startWork,
  stopWork,
} from '../../test/support/books.js';
import { SOME_DELIVERIES, someBatch, someIds, someTask } from '../../test/support/job-context.js';
import { testDatabase } from '../../test/support/mongo.js';
import type { Books } from './books.js';
import { checkBooks, UnknownPlace } from './check-books.js';
import type { Finding, FindingKind } from './finding.js';

const HOUR_MS = 3_600_000;
const SECOND_MS = 1_000;
const PLAIN = 'deliveries_2026_02_90';
const ago = (ms: number): Date => new Date(Date.now() - ms);

interface Wrong {
  readonly name: string;
  /** Puts something wrong; answers what is found. */
  readonly wrong: (of: Booked) => Promise<readonly FindingKind[]>;
  /** What a check with `fix` leaves to a person. */
  readonly left: readonly FindingKind[];
}

describe('a check of the books', () => {
  const database = testDatabase();
  let books: Books;
  const db = (): mongo.Db => dbOf(database().connection);
  const change = (batch: Pick<Batch, '_id'>, set: Partial<Batch>) =>
    batches(db()).updateOne({ _id: batch._id }, { $set: set });
  const changeTask = ({ task }: Booked, update: mongo.UpdateFilter<Task>) =>
    tasks(db()).updateOne({ _id: task._id }, update);
  const taskNow = ({ task }: Booked) => tasks(db()).findOne({ _id: task._id });
  const kinds = (findings: readonly Finding[]): FindingKind[] =>
    findings.map(({ kind }) => kind).sort();

  before(() => {
    books = booksForTest(database().connection);
  });
  beforeEach(async () => {
    await db().dropCollection(PLAIN);
    const names = (await db().listCollections({}, { nameOnly: true }).toArray()).map(
      ({ name }) => name,
    );
    for (const name of names) await db().collection(name).deleteMany({});
    await batches(db()).createIndexes(batchIndexes);
    for (const name of [...currentDeliveries(new Date()), SOME_DELIVERIES]) {
      if (!names.includes(name)) await ensureDeliveries(db(), name);
    }
    await startWork(db());
  });

  it('finds nothing wrong with books that balance, whatever state their task is in', async () => {
    await addBooked(db());
    await addBooked(db(), { state: 'cancelled' });
    await addBooked(db(), { state: 'failed' });
    const going = someTask({ planSequence: 1 });
    const scheduledAt = new Date(Date.now() + HOUR_MS);
    const later = someTask({ state: 'scheduled', planSequence: 0, planned: false, scheduledAt });
    const paused = someTask({ state: 'paused', planSequence: 1 });
    await tasks(db()).insertMany([going, later, paused]);
    const notBefore = new Date();
    await batches(db()).insertMany([
      someBatch(going, { ids: someIds(3), notBefore }),
      someBatch(paused, { state: 'held', notBefore }),
    ]);
    await audienceLists(db()).insertOne({ _id: later._id, devices: [] });
    expect(await checkAll(books)).to.deep.equal([]);
  });

  const open = async ({ first }: Booked, set: Partial<Batch> = {}): Promise<void> => {
    await change(first, { state: 'due', counts: {}, movedOn: 0, notBefore: new Date(), ...set });
  };
  /** Of a task that goes on: its first batch is open again, and its other rows and batches are gone. */
  const reopen = async (of: Booked, set: Partial<Batch> = {}): Promise<void> => {
    const { task, first, followUp, suppressed, ids } = of;
    await changeTask(of, {
      $set: { state: 'sending', planSequence: 1 },
      $unset: { endedAt: '' },
    });
    await batches(db()).deleteMany({ _id: { $in: [followUp._id, suppressed._id] } });
    await deliveries(db(), task.deliveriesIn).deleteMany({ _id: deliveryRange(task._id) });
    await open({ ...of, first }, { devices: packIds(ids.slice(0, 3)), ...set });
  };

  const WRONGS: readonly Wrong[] = [
    {
      name: 'a count that is too high',
      wrong: async ({ followUp }) => {
        await change(followUp, { counts: { accepted: 2 } });
        return ['batch-sums-differ', 'rows-differ', 'sums-differ'];
      },
      left: ['batch-sums-differ', 'rows-differ', 'sums-differ'],
    },
    {
      name: 'a count under another reason, where the rows can say which is right',
      wrong: async ({ suppressed }) => {
        await change(suppressed, { counts: { 'suppressed:no-consent': 1 } });
        return ['rows-differ'];
      },
      left: [],
    },
    {
      name: 'lost counts, where the rows can say what they were',
      wrong: async ({ suppressed }) => {
        await change(suppressed, { counts: {} });
        return ['batch-sums-differ', 'rows-differ', 'sums-differ'];
      },
      left: [],
    },
    {
      name: 'a state that does not exist',
      wrong: async ({ suppressed }) => {
        await change(suppressed, { counts: { vanished: 1 } });
        return ['count-unknown', 'rows-differ', 'sums-differ'];
      },
      left: [],
    },
    {
      name: 'a row that was lost',
      wrong: async ({ task, ids }) => {
        const _id = deliveryId(task._id.id, ids[1]!.id);
        await deliveries(db(), task.deliveriesIn).deleteOne({ _id });
        return ['rows-differ'];
      },
      left: ['rows-differ'],
    },
    {
      name: 'a row too many',
      wrong: async ({ task }) => {
        const [d] = someIds(1) as [Types.ObjectId];
        const _id = deliveryId(task._id.id, d.id);
        const row = { _id, d, s: 'accepted' as const, v: 'sandbox', n: 1, t: new Date() };
        await deliveries(db(), task.deliveriesIn).insertOne(row);
        return ['rows-differ'];
      },
      left: ['rows-differ'],
    },
    {
      name: 'a row in another state',
      wrong: async ({ task, ids }) => {
        const _id = deliveryId(task._id.id, ids[1]!.id);
        await deliveries(db(), task.deliveriesIn).updateOne({ _id }, { $set: { s: 'unknown' } });
        return ['rows-differ'];
      },
      left: ['rows-differ'],
    },
    {
      name: 'a follow-up batch that was lost',
      wrong: async ({ followUp }) => {
        await batches(db()).deleteOne({ _id: followUp._id });
        return ['moved-on-differs', 'rows-differ', 'sums-differ'];
      },
      left: ['moved-on-differs', 'rows-differ', 'sums-differ'],
    },
    {
      name: 'a planned batch that was lost',
      wrong: async ({ suppressed }) => {
        await batches(db()).deleteOne({ _id: suppressed._id });
        return ['plan-differs', 'rows-differ'];
      },
      left: ['plan-differs', 'rows-differ'],
    },
    {
      name: 'a batch of another app',
      wrong: async ({ first }) => {
        await change(first, { app: 'rival' });
        return ['batch-of-other-app'];
      },
      left: ['batch-of-other-app'],
    },
    {
      name: 'rows whose collection was dropped too early',
      wrong: async (of) => {
        await changeTask(of, { $set: { deliveriesIn: 'deliveries_2999_01_90' } });
        return ['rows-elsewhere', 'rows-gone'];
      },
      left: ['rows-elsewhere', 'rows-gone'],
    },
    {
      name: 'a done task with an open batch',
      wrong: async (of) => {
        await reopen(of);
        await changeTask(of, { $set: { state: 'done', endedAt: new Date() } });
        return ['ended-with-pending'];
      },
      left: [],
    },
    {
      name: 'a cancelled task that says it has ended, with an open batch',
      wrong: async (of) => {
        await reopen(of);
        await changeTask(of, { $set: { state: 'cancelled', endedAt: new Date() } });
        return ['ended-with-pending'];
      },
      left: [],
    },
    {
      name: 'a task that is not done although its batches are',
      wrong: async (of) => {
        await changeTask(of, { $set: { state: 'sending' }, $unset: { endedAt: '' } });
        return ['not-ended'];
      },
      left: [],
    },
    {
      name: 'a cancelled task that never ends',
      wrong: async (of) => {
        await changeTask(of, { $set: { state: 'cancelled' }, $unset: { endedAt: '' } });
        return ['not-ended'];
      },
      left: [],
    },
    {
      name: 'a task that is sent without being planned to its end',
      wrong: async (of) => {
        await reopen(of);
        await changeTask(of, { $set: { planned: false, audienceKind: 'all' } });
        return ['plan-unfinished'];
      },
      left: [],
    },
    {
      name: 'a task that is sent without being planned to its end, whose list is lost',
      wrong: async (of) => {
        await reopen(of);
        await changeTask(of, { $set: { planned: false } });
        return ['plan-unfinished'];
      },
      left: ['plan-unfinished'],
    },
    {
      name: 'a task that is sent without being planned to its end, whose expressions are gone',
      wrong: async (of) => {
        await reopen(of);
        await changeTask(of, { $set: { planned: false, audienceKind: 'all', exclude: {} } });
        return ['plan-unfinished'];
      },
      left: ['plan-unfinished'],
    },
    {
      name: 'a planned task that waits for a planner',
      wrong: async (of) => {
        await reopen(of);
        await changeTask(of, { $set: { state: 'accepted' } });
        return ['planned-again'];
      },
      left: [],
    },
    {
      name: 'a batch that is held while its task goes on',
      wrong: async (of) => {
        await reopen(of, { state: 'held' });
        return ['held-forgotten'];
      },
      left: [],
    },
    {
      name: 'an open batch that counts',
      wrong: async (of) => {
        await reopen(of, { counts: { accepted: 1 } });
        return ['open-batch-counted', 'rows-differ', 'sums-differ'];
      },
      left: ['open-batch-counted', 'rows-differ', 'sums-differ'],
    },
    {
      name: 'an open batch without its devices',
      wrong: async (of) => {
        await reopen(of, { devices: packIds(of.ids.slice(0, 2)), tokens: ['t'] });
        return ['batch-devices-differ', 'batch-devices-differ'];
      },
      left: ['batch-devices-differ', 'batch-devices-differ'],
    },
    {
      name: 'a done batch that keeps tokens',
      wrong: async ({ first }) => {
        await change(first, { tokens: ['t'] });
        return ['done-batch-keeps-devices'];
      },
      left: [],
    },
    {
      name: 'a list of a planned task',
      wrong: async ({ task }) => {
        await audienceLists(db()).insertOne({ _id: task._id, devices: [] });
        return ['list-left'];
      },
      left: [],
    },
    {
      name: 'a list without a task',
      wrong: async () => {
        await audienceLists(db()).insertOne({ _id: newTaskId(), devices: [] });
        return ['list-without-task'];
      },
      left: [],
    },
    {
      name: 'batches and rows without a task',
      wrong: async ({ task }) => {
        await tasks(db()).deleteOne({ _id: task._id });
        return ['batch-without-task', 'rows-without-task'];
      },
      left: ['batch-without-task', 'rows-without-task'],
    },
    {
      name: 'rows in a collection of another month',
      wrong: async (of) => {
        const [name = ''] = currentDeliveries(new Date());
        await changeTask(of, { $set: { deliveriesIn: name } });
        return ['rows-differ', 'rows-elsewhere'];
      },
      left: ['rows-differ', 'rows-elsewhere'],
    },
    {
      name: 'a batch that nobody claims',
      wrong: async (of) => {
        await reopen(of, { notBefore: ago(HOUR_MS) });
        return ['batch-hangs'];
      },
      left: ['batch-hangs'],
    },
    {
      name: 'a batch that outlived its expiry',
      wrong: async (of) => {
        await reopen(of, { expiresAt: ago(HOUR_MS) });
        return ['past-expiry'];
      },
      left: ['past-expiry'],
    },
    {
      name: 'a lease of a process that has died',
      wrong: async (of) => {
        await reopen(of, { state: 'sending', owner: 'nobody' });
        return ['lease-dead'];
      },
      left: ['lease-dead'],
    },
    {
      name: 'a planner that has died',
      wrong: async (of) => {
        await reopen(of);
        await changeTask(of, { $set: { state: 'planning', planned: false, owner: 'nobody' } });
        return ['lease-dead'];
      },
      left: ['lease-dead'],
    },
    {
      name: 'a task that nobody plans',
      wrong: async (of) => {
        await reopen(of);
        const createdAt = ago(HOUR_MS);
        await changeTask(of, { $set: { state: 'accepted', planned: false, createdAt } });
        return ['task-not-planned'];
      },
      left: ['task-not-planned'],
    },
    {
      name: 'a task that does not start in time',
      wrong: async (of) => {
        await reopen(of);
        const scheduledAt = ago(HOUR_MS);
        await changeTask(of, { $set: { state: 'scheduled', planned: false, scheduledAt } });
        return ['task-not-started'];
      },
      left: ['task-not-started'],
    },
    {
      name: 'a lost index',
      wrong: async () => {
        await batches(db()).dropIndex('held');
        return ['index-missing'];
      },
      left: [],
    },
    {
      name: 'a collection of rows that is missing',
      wrong: async () => {
        await db().dropCollection(currentDeliveries(new Date())[0] ?? '');
        return ['rows-collection-missing'];
      },
      left: [],
    },
    {
      name: 'a collection of rows that is not clustered',
      wrong: async () => {
        await db().createCollection(PLAIN);
        return ['rows-collection-plain'];
      },
      left: ['rows-collection-plain'],
    },
  ];

  for (const { name, wrong, left } of WRONGS) {
    it(`finds ${name}, and ${left.length === 0 ? 'mends it' : 'leaves it to a person'}`, async () => {
      await addBooked(db());
      const expected = await wrong(await addBooked(db()));
      const told = await checkAll(books);
      expect(kinds(told)).to.deep.equal([...expected].sort());
      for (const { what, means, mended } of told) {
        expect(what).to.match(/^[A-Z0-9].*[^.]$/);
        expect(means).to.match(/^[A-Z].*[^.]$/);
        expect(mended).to.equal(undefined);
      }
      // Telling changes nothing.
      expect(kinds(await checkAll(books))).to.deep.equal(kinds(told));
      const mended = await checkAll(books, { fix: true });
      expect(kinds(mended)).to.deep.equal(kinds(told));
      expect(kinds(mended.filter((one) => one.mended == null))).to.deep.equal([...left].sort());
      expect(kinds(await checkAll(books))).to.deep.equal([...left].sort());
    });
  }

  it('names the task, its app, and the batch', async () => {
    await addBooked(db());
    const { task, followUp } = await addBooked(db(), { app: 'bakery' });
    await change(followUp, { counts: { accepted: 2 } });
    const about = { app: 'bakery', task: task._id.toHexString() };
    const told = await checkAll(books);
    expect(told.map(({ where }) => where)).to.deep.equal([
      followUp._id.toString('hex'),
      undefined,
      task.deliveriesIn,
    ]);
    for (const one of told) expect(one).to.include(about);
  });

  it('lets an ended task go on, and ends it again', async () => {
    const of = await addBooked(db());
    await reopen(of);
    await changeTask(of, { $set: { state: 'done', endedAt: new Date() } });
    await checkAll(books, { fix: true });
    expect(await taskNow(of))
      .to.include({ state: 'sending' })
      .and.not.to.have.property('endedAt');
  });

  it('tells nothing of what a worker puts right while it is looked at again', async () => {
    const of = await addBooked(db());
    await changeTask(of, { $set: { state: 'sending' }, $unset: { endedAt: '' } });
    const patient = booksForTest(database().connection, {
      pause: async () => {
        await changeTask(of, { $set: { state: 'done', endedAt: new Date() } });
      },
      monotonic: () => 0,
    });
    expect(await checkAll(patient, { fix: true })).to.deep.equal([]);
  });

  it('holds no batch to hang that waits behind others in a lane that moves', async () => {
    const of = await addBooked(db());
    await reopen(of, { notBefore: ago(HOUR_MS) });
    const ahead = someTask({ planSequence: 2 });
    const fronts = [1, 0].map((sequence) =>
      someBatch(ahead, { sequence, notBefore: ago(2 * HOUR_MS + sequence) }),
    );
    await tasks(db()).insertOne(ahead);
    await batches(db()).insertMany(fronts);
    let elapsedMs = 0;
    const moving = booksForTest(database().connection, {
      monotonic: () => elapsedMs,
      pause: async (ms) => {
        elapsedMs += ms;
        // A worker claims what has waited longest.
        await batches(db()).deleteOne({ _id: fronts[0]!._id });
        await tasks(db()).updateOne({ _id: ahead._id }, { $set: { planSequence: 1 } });
      },
    });
    const hanging = (await checkAll(moving)).filter(({ kind }) => kind === 'batch-hangs');
    expect(hanging).to.deep.equal([]);
    const standing = (await checkAll(books)).filter(({ kind }) => kind === 'batch-hangs');
    expect(standing).to.have.length(2);
  });

  it('says that no worker runs instead of finding fault with each that waits', async () => {
    await stopWork(db());
    await reopen(await addBooked(db()), { notBefore: ago(HOUR_MS), expiresAt: ago(60_001) });
    expect(await checkAll(books))
      .to.have.length(1)
      .and.to.have.nested.property('0.level', 'notice');
  });

  it('asks no rows of a task whose rows were kept long enough', async () => {
    const of = await addBooked(db());
    await changeTask(of, { $set: { deliveriesIn: 'deliveries_2020_01_30' } });
    await deliveries(db(), SOME_DELIVERIES).deleteMany({});
    expect(await checkAll(books)).to.deep.equal([]);
  });

  context('with a filter', () => {
    const unbalance = async (change_: Partial<Task>): Promise<string> => {
      const { task, suppressed } = await addBooked(db(), change_);
      await change(suppressed, { counts: { 'suppressed:erased': 1 } });
      return task._id.toHexString();
    };
    const found = async (filter: Parameters<typeof checkBooks>[1]) =>
      (await checkAll(books, filter)).map(({ task }) => task);

    it('looks at the tasks of one app, at one task, or at those since a day', async () => {
      const old = await unbalance({ createdAt: ago(HOUR_MS), app: 'bakery' });
      const other = await unbalance({ app: 'shop' });
      const { task } = await addBooked(db());
      await audienceLists(db()).insertOne({ _id: newTaskId(), devices: [] });
      await batches(db()).updateMany(
        { task: (await tasks(db()).findOne({ app: 'bakery' }))!._id },
        [{ $set: { app: 'bakery' } }],
      );
      expect(await found({ filter: { app: 'bakery' } })).to.deep.equal([old]);
      expect(await found({ filter: { app: 'shop' } })).to.deep.equal([other]);
      expect(await found({ filter: { since: ago(60_000) } })).to.deep.equal([other]);
      expect(await found({ filter: { task: task._id } })).to.deep.equal([]);
      expect(await found({})).to.have.length(3);
    });
  });

  it('goes on where a stretch ended, and visits every task once', async () => {
    const wrong: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      const { task, suppressed } = await addBooked(db());
      await change(suppressed, { counts: { 'suppressed:erased': 1 } });
      wrong.push(task._id.toHexString());
    }
    const seen: (string | undefined)[] = [];
    let checked = 0;
    for (let place: string | undefined = 'tasks'; place != null; ) {
      const stretch = await checkBooks(books, { place, limit: 3 });
      expect(stretch.tasks).to.be.at.most(3);
      checked += stretch.tasks;
      seen.push(...stretch.findings.map(({ task }) => task));
      place = stretch.next;
    }
    expect(checked).to.equal(7);
    expect(seen.sort()).to.deep.equal(wrong.sort());
  });

  it('ends a stretch that has cost enough, by items or by time, and goes on behind it', async () => {
    for (let index = 0; index < 30; index += 1) await addBooked(db());
    // Each look at the clock is a second later than the one before.
    let nowMs = 0;
    const slow = { ...books, monotonic: () => (nowMs += SECOND_MS) };
    for (const cost of [{ items: 1 }, { withinMs: 4 * SECOND_MS }]) {
      const pages: number[] = [];
      for (let place: string | undefined = 'tasks'; place?.startsWith('tasks'); ) {
        const stretch = await checkBooks(slow, { place, limit: 100, ...cost });
        pages.push(stretch.tasks);
        place = stretch.next;
      }
      expect(Math.max(...pages)).to.be.within(1, 8);
      expect(pages.reduce((sum, count) => sum + count, 0)).to.equal(30);
    }
  });

  it('hops over pages of strays, and misses none', async () => {
    for (let index = 0; index < 23; index += 1) {
      const { task } = await addBooked(db());
      await tasks(db()).deleteOne({ _id: task._id });
    }
    const told = await checkAll(books, { limit: 1 });
    expect(told.filter(({ kind }) => kind === 'batch-without-task')).to.have.length(23);
    expect(told.filter(({ kind }) => kind === 'rows-without-task')).to.have.length(23);
  });

  it('refuses a place that it never named', async () => {
    for (const place of ['', 'nowhere', 'tasks:12', 'rows::x', 'tasks:zz', '{"$gt":1}']) {
      const error = await checkBooks(books, { place }).catch((reason: unknown) => reason);
      expect(error, place).to.be.instanceOf(UnknownPlace);
    }
  });

  it('counts rows within the range of a task alone, by the key they are clustered by', async () => {
    const of = await addBooked(db());
    for (let index = 0; index < 30; index += 1) await addBooked(db());
    const plan = (await deliveries(db(), SOME_DELIVERIES)
      .aggregate([
        { $match: { _id: deliveryRange(of.task._id) } },
        { $group: { _id: { v: '$v', s: '$s', r: '$r' }, rows: { $sum: 1 } } },
      ])
      .explain('executionStats')) as object;
    const examined = [...JSON.stringify(plan).matchAll(/"totalDocsExamined":(\d+)/g)];
    // One beyond either end may be looked at.
    for (const [, count] of examined) expect(Number(count)).to.be.within(4, 6);
    expect(examined).not.to.be.empty;
  });

  it('still tells of the books when the index of the ledger is missing', async () => {
    const { suppressed } = await addBooked(db());
    await change(suppressed, { counts: { 'suppressed:erased': 1 } });
    await batches(db()).dropIndex(LEDGER_INDEX);
    const told = await checkAll(books, { fix: true });
    expect(told.map(({ kind, mended }) => [kind, mended != null])).to.deep.equal([
      ['index-missing', true],
      ['rows-differ', true],
    ]);
  });
});
