import { expect } from 'chai';
import { Types } from 'mongoose';
import { type EngineTest, engineTest } from '../../test/support/engine.js';
import { testDatabase } from '../../test/support/mongo.js';
import { until } from '../../test/support/until.js';
import { booksOf } from './books.js';
import { checkBooks } from './check-books.js';
import { compareBooks } from './compare.js';
import type { Fault } from './finding.js';
import { readTaskBooks } from './read-task.js';

/** Outcomes that make follow-ups, ends and suspects. */
const KINDS = ['ok', 'gone', 'busy', 'ok', 'refused', 'ok'] as const;
const HOUR_MS = 3_600_000;
const DEVICES = 600;
const TASKS = 8;
/** By the number of the task. Devices of t2 are busy: they keep their task open. */
const TAGS = ['t2', 't0', 't1', 't2'] as const;
const CANCELLED = 2;
const KEPT_OPEN = 6;

describe('a check beside a gateway that sends', function () {
  this.timeout(120_000);
  const database = testDatabase();
  let test: EngineTest;

  before(async () => {
    test = await engineTest(database().connection);
    await test.addProfile('sandbox');
    await Promise.all(
      Array.from({ length: DEVICES }, (_, index) =>
        test.addDevice(`sandbox-${KINDS[index % KINDS.length] ?? 'ok'}-${index}`, {
          tags: [`t${index % 3}`],
          account: `account-${index}`,
        }),
      ),
    );
  });
  after(() => test.engine.stop(5_000));

  it('finds nothing wrong, however often it looks, and counts everything in the end', async () => {
    const connection = database().connection;
    const books = booksOf(connection);
    const sent = Array.from({ length: TASKS }, (_, index) =>
      test.accept({
        audience:
          index % 2 === 0
            ? { tags: TAGS[index / 2] ?? 't0' }
            : { accounts: [{ account: `account-${index}` }, { account: `account-${index + 6}` }] },
        // What is tried again for longer ends as expired.
        expiresAt: new Date(Date.now() + (index === KEPT_OPEN ? HOUR_MS : 4_000)),
      }),
    );
    const tasks = await Promise.all(sent);
    const cancel = (index: number) =>
      test.engine.control(test.app._id, tasks[index]?._id ?? new Types.ObjectId(), 'cancel');
    await cancel(CANCELLED);
    let isOver = false;
    const ends = Promise.all(tasks.map((task) => test.ended(task))).then(() => {
      isOver = true;
    });
    const found: Fault[] = [];
    let looks = 0;
    let openSeen = 0;
    const readAgainAndAgain = async (): Promise<void> => {
      while (!isOver) {
        for (const { _id } of tasks) {
          const seen = await readTaskBooks(books, _id);
          if (seen == null) throw new Error('A task is gone');
          if (seen.sums.open > 0) openSeen += 1;
          found.push(...compareBooks(seen));
        }
      }
    };
    const checkAgainAndAgain = async (): Promise<void> => {
      while (!isOver) {
        for (let place: string | undefined = 'storage'; place != null; looks += 1) {
          const stretch = await checkBooks(books, { place, limit: 3, fix: true });
          found.push(...stretch.findings);
          place = stretch.next;
        }
      }
    };
    const looking = Promise.all([readAgainAndAgain(), checkAgainAndAgain()]);
    const sawMuch = () => openSeen > 0 && looks > 5;
    await Promise.race([until('both have looked while a task is open', sawMuch), looking]);
    await cancel(KEPT_OPEN);
    await Promise.all([looking, ends]);
    expect(found).to.deep.equal([]);
    expect(looks).to.be.above(5);
    expect(openSeen).to.be.above(0);

    const last = await checkBooks(books, { place: 'tasks', limit: TASKS + 1 });
    expect(last).to.deep.include({ findings: [], tasks: TASKS });
    const rows = await Promise.all(tasks.map((task) => test.rows(task)));
    expect(last.rows)
      .to.equal(rows.flat().length)
      .and.to.be.above(DEVICES / 2);
  });
});
