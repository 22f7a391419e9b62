import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { mongo, Types } from 'mongoose';
import { commandsOf } from '../test/support/commands.js';
import { testDatabase } from '../test/support/mongo.js';
import {
  CAP_COUNTS,
  capCountIndexes,
  capCounts,
  countPush,
  forgetCapCounts,
  TASKS_KEPT,
} from './cap-counts.js';
import { type CalendarUnit, type Cap, openWindow } from './caps.js';
import { dbOf } from './database.js';

const DAY_SECONDS = 86_400;
const DAY_MS = DAY_SECONDS * 1_000;
const HOUR_MS = 3_600_000;
const NOON = Date.parse('2026-11-22T12:00:00Z');
const DAILY: Cap = { name: 'daily', limit: 2, window: { calendar: 'day' } };
const ROLLING: Cap = { name: 'week', limit: 3, window: { rollingSeconds: 7 * DAY_SECONDS } };

const somebody = (): mongo.Binary => new mongo.Binary(randomBytes(16));

describe('pushes that are counted for caps', () => {
  const database = testDatabase();
  const db = () => dbOf(database().connection);

  interface Push {
    readonly task?: Types.ObjectId;
    readonly atMs?: number;
    readonly caps?: readonly Cap[];
    readonly expiresAtMs?: number;
  }
  const count = (people: readonly mongo.Binary[], push: Push = {}) => {
    const { task = new Types.ObjectId(), atMs = NOON, caps = [DAILY, ROLLING] } = push;
    const expiresAt = new Date(push.expiresAtMs ?? atMs + HOUR_MS);
    return countPush(db(), people, { task: { _id: task, expiresAt }, caps, nowMs: atMs });
  };
  /** Undefined: it is counted. */
  const countOne = async (person: mongo.Binary, push: Push = {}) =>
    (await count([person], push)).get(person.toString('hex'));
  const stored = async (person: mongo.Binary) => {
    const found = await capCounts(db()).findOne({ _id: person });
    return found ?? expect.fail('Nothing is stored');
  };

  before(() => db().collection(CAP_COUNTS).createIndexes(capCountIndexes));

  it('stop at the limit, and say which cap is full and when it has room again', async () => {
    const person = somebody();
    expect(await countOne(person)).to.equal(undefined);
    expect(await countOne(person, { atMs: NOON + 1 })).to.equal(undefined);
    expect(await countOne(person, { atMs: NOON + 2 })).to.deep.equal({
      cap: 'daily',
      freesAt: new Date('2026-11-23T00:00:00Z'),
    });
    // The next day there is room for one more, and then the week is full.
    expect(await countOne(person, { atMs: NOON + DAY_MS })).to.equal(undefined);
    expect(await countOne(person, { atMs: NOON + DAY_MS + 1 })).to.deep.equal({
      cap: 'week',
      freesAt: new Date(NOON + 7 * DAY_MS),
    });
    const justBefore = NOON + 7 * DAY_MS - 1;
    expect(await countOne(person, { atMs: justBefore })).to.include({ cap: 'week' });
    expect(await countOne(person, { atMs: justBefore + 1 })).to.equal(undefined);
  });

  it('tell of the cap that has room last when several are full', async () => {
    const person = somebody();
    const hourly: Cap = { name: 'hourly', limit: 1, window: { rollingSeconds: 3_600 } };
    const caps = [hourly, { ...DAILY, limit: 1 }, { ...hourly, name: 'again' }];
    expect(await countOne(person, { caps })).to.equal(undefined);
    expect(await countOne(person, { caps, atMs: NOON + 1 })).to.include({ cap: 'daily' });
  });

  it('count nowhere where one cap is full', async () => {
    const person = somebody();
    await countOne(person, { caps: [{ ...DAILY, limit: 1 }] });
    const before = await stored(person);
    expect(await countOne(person, { caps: [{ ...DAILY, limit: 1 }, ROLLING] })).to.include({
      cap: 'daily',
    });
    expect(await stored(person)).to.deep.equal(before);
  });

  it('are one for a task, however often and on how many devices it is tried', async () => {
    const person = somebody();
    const task = new Types.ObjectId();
    for (const hours of [0, 1, 2, 3]) {
      expect(await countOne(person, { task, atMs: NOON + hours * HOUR_MS })).to.equal(undefined);
    }
    expect((await stored(person)).n['daily']).to.deep.equal([new Date(NOON)]);
    await countOne(person);
    expect(await countOne(person)).to.include({ cap: 'daily' });
    // Also when there is no room any more.
    expect(await countOne(person, { task })).to.equal(undefined);
  });

  it('are kept under names, so that a cap may change and begins with what it has counted', async () => {
    const person = somebody();
    await countOne(person);
    await countOne(person);
    expect(await countOne(person, { caps: [{ ...DAILY, limit: 1 }] })).to.include({ cap: 'daily' });
    expect(await countOne(person, { caps: [{ ...DAILY, limit: 3 }] })).to.equal(undefined);
    expect(await countOne(person, { caps: [{ ...DAILY, limit: 3 }] })).to.include({ cap: 'daily' });
  });

  it('tell people apart, those that are known, new, counted and capped', async () => {
    const [known, fresh, full, counted] = [somebody(), somebody(), somebody(), somebody()];
    const device = new mongo.Binary(new Types.ObjectId().id);
    const task = new Types.ObjectId();
    await count([known, full]);
    await count([full]);
    await count([counted], { task });
    const capped = await count([known, fresh, full, counted, device], { task });
    expect([...capped.keys()]).to.deep.equal([full.toString('hex')]);
    const at = [new Date(NOON)];
    expect((await stored(fresh)).n).to.deep.equal({ daily: at, week: at });
    expect((await stored(device)).n).to.deep.equal({ daily: at, week: at });
    expect((await stored(known)).n['daily']).to.have.length(2);
    expect((await stored(counted)).n['daily']).to.have.length(1);
  });

  it('are one request for people who are known and have room, and three for new ones', async () => {
    const people = Array.from({ length: 1_000 }, somebody);
    const commands = commandsOf(database().connection);
    const asked = () =>
      ['update', 'find', 'insert', 'getMore'].map((name) => commands.named(name).length);
    await count(people);
    expect(asked()).to.deep.equal([1, 1, 1, 0]);
    await count(people);
    commands.stop();
    expect(asked()).to.deep.equal([2, 1, 1, 0]);
  });

  it('are never more than the limit, however many count at the same time', async () => {
    const limit = 5;
    const caps = [{ ...DAILY, limit }];
    const people = Array.from({ length: 20 }, somebody);
    const answers = await Promise.all(Array.from({ length: 12 }, () => count(people, { caps })));
    for (const person of people) {
      const text = person.toString('hex');
      expect(answers.filter((capped) => !capped.has(text))).to.have.length(limit);
      expect((await stored(person)).n['daily']).to.have.length(limit);
    }
  });

  it('are counted once when two workers send the same task at the same time', async () => {
    const person = somebody();
    const task = new Types.ObjectId();
    await Promise.all(Array.from({ length: 8 }, () => count([person], { task })));
    expect((await stored(person)).k).to.deep.equal([task]);
    expect((await stored(person)).n['daily']).to.have.length(1);
  });

  it('keep as many as the limits need, and the last tasks', async () => {
    const person = somebody();
    const caps: Cap[] = [{ name: 'minute', limit: 3, window: { rollingSeconds: 60 } }];
    const tasks = Array.from({ length: TASKS_KEPT + 10 }, () => new Types.ObjectId());
    for (const [index, task] of tasks.entries()) {
      await countOne(person, { task, caps, atMs: NOON + index * 60_000 });
    }
    const { k, n } = await stored(person);
    expect(k).to.deep.equal(tasks.slice(-TASKS_KEPT));
    expect(n['minute']).to.have.length(3);
  });

  it('are kept in the order of time, whichever process has counted first', async () => {
    const person = somebody();
    const caps: Cap[] = [{ name: 'minute', limit: 2, window: { rollingSeconds: 60 } }];
    const behindMs = NOON - 500;
    await countOne(person, { caps, atMs: NOON });
    await countOne(person, { caps, atMs: behindMs });
    expect((await stored(person)).n['minute']).to.deep.equal([new Date(NOON), new Date(behindMs)]);
    expect(await countOne(person, { caps, atMs: NOON + 1 })).to.deep.equal({
      cap: 'minute',
      freesAt: new Date(behindMs + 60_000),
    });
    expect(await countOne(person, { caps, atMs: behindMs + 60_000 })).to.equal(undefined);
    expect(await countOne(person, { caps, atMs: behindMs + 60_001 })).to.deep.equal({
      cap: 'minute',
      freesAt: new Date(NOON + 60_000),
    });
  });

  it('are forgotten by MongoDB a day after nobody needs them any more', async () => {
    const [short, long] = [somebody(), somebody()];
    await countOne(short, { caps: [DAILY] });
    expect((await stored(short)).until).to.deep.equal(new Date('2026-11-23T00:00:00Z'));
    await countOne(short, { caps: [ROLLING] });
    expect((await stored(short)).until).to.deep.equal(new Date('2026-11-30T00:00:00Z'));
    // A task that lives longer may be tried again after the window.
    await countOne(long, { caps: [DAILY], expiresAtMs: NOON + 20 * DAY_MS });
    expect((await stored(long)).until).to.deep.equal(new Date('2026-12-13T00:00:00Z'));
    const indexes = await capCounts(db()).indexes();
    expect(indexes.find(({ expireAfterSeconds }) => expireAfterSeconds != null)).to.deep.include({
      key: { until: 1 },
      expireAfterSeconds: DAY_SECONDS,
    });
  });

  it('are gone when a person is erased', async () => {
    const [erased, other] = [somebody(), somebody()];
    await count([erased, other]);
    await forgetCapCounts(db(), [erased.value()]);
    expect(await capCounts(db()).countDocuments({ _id: { $in: [erased, other] } })).to.equal(1);
    expect(await stored(other)).to.have.property('k');
  });

  it('are what a list of all pushes says, for any caps and any pushes', async () => {
    const window = fc.oneof(
      fc.integer({ min: 1, max: 100 }).map((hours) => ({ rollingSeconds: hours * 3_600 })),
      fc.record({
        calendar: fc.constantFrom<CalendarUnit>('day', 'week', 'month'),
        timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/Havana', 'Asia/Kathmandu'),
      }),
    );
    const someCaps = fc
      .array(fc.record({ limit: fc.integer({ min: 1, max: 4 }), window }), {
        minLength: 1,
        maxLength: 3,
      })
      .map((caps) => caps.map((cap, index): Cap => ({ ...cap, name: `cap-${index}` })));
    const push = fc.record({
      /** Since the push before. */
      minutes: fc.integer({ min: 0, max: 40 * 60 }),
      task: fc.integer({ min: 0, max: 15 }),
      people: fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(
        someCaps,
        fc.array(push, { minLength: 5, maxLength: 30 }),
        async (caps, pushes) => {
          const people = Array.from({ length: 4 }, somebody);
          const tasks = Array.from({ length: 16 }, () => new Types.ObjectId());
          const log = people.map(() => new Map<number, number>());
          let atMs = Date.parse('2026-10-20T00:00:00Z');
          for (const { minutes, task, people: asked } of pushes) {
            atMs += minutes * 60_000;
            const expected = asked.map((index) => {
              const counted = log[index]!;
              if (counted.has(task)) return undefined;
              const ends = caps.flatMap((cap) => {
                const { startMs, endMs } = openWindow(cap.window, atMs);
                const within = [...counted.values()].filter((ms) => ms >= startMs);
                if (within.length < cap.limit) return [];
                const leaving = within.sort((left, right) => left - right).at(-cap.limit)!;
                return endMs(leaving);
              });
              if (ends.length === 0) counted.set(task, atMs);
              return ends.length === 0 ? undefined : Math.max(...ends);
            });
            const capped = await count(
              asked.map((index) => people[index]!),
              { task: tasks[task]!, atMs, caps },
            );
            const answered = asked.map((index) =>
              capped.get(people[index]!.toString('hex'))?.freesAt.getTime(),
            );
            expect(answered).to.deep.equal(expected);
          }
        },
      ),
      { numRuns: 60 },
    );
  }).timeout(120_000);
});
