/** Plays one row: a task is sent, the fault strikes, somebody goes on, and the books are held against the vendors' record. */
import { expect } from 'chai';
import { apiClient } from '../../demo/api-client.js';
import { rowsOf } from '../support/fleet.js';
import { until } from '../support/until.js';
import { checkBooks } from './books.js';
import { createCaller, REFERENCE } from './caller.js';
import { ending } from './ending.js';
import { type Row, VENDORS } from './row.js';
import { onStage } from './scenario.js';
import type { RowMongod, Stage, Theatre } from './stage.js';
import type { Strike } from './strike.js';

/** The first three steps of the schedule, with jitter: on a busy machine a retry may have to be tried twice. */
const SHORT_RETRIES_MS = 25_000;

const expectWait = (longestWaitMs: number, { waitsMs }: Row): void => {
  const what = 'the longest wait of a retry, in milliseconds';
  if (waitsMs == null) expect(longestWaitMs, what).to.be.below(SHORT_RETRIES_MS);
  else expect(longestWaitMs, what).to.be.at.least(waitsMs);
};

/** Without a key, a repeated request would be another task: whoever had no answer looks first whether there is one. */
const writtenId = async ({ keyless }: Row, { db }: Stage): Promise<string | undefined> => {
  const task = keyless ? await db.collection('tasks').findOne({ reference: REFERENCE }) : null;
  if (task == null) return undefined;
  // The API shows what a majority has, and on a busy machine that is a moment later.
  const majority = { readConcern: { level: 'majority' } } as const;
  await until(
    'the task is there for good',
    async () => (await db.collection('tasks').findOne({ _id: task._id }, majority)) != null,
  );
  return String(task._id);
};

const playOn = async <Mongod extends RowMongod>(
  row: Row,
  stage: Stage<Mongod>,
  strike: Strike<Mongod>,
): Promise<void> => {
  const { db, simulators, fleet, bearer, first } = stage;
  for (const vendor of VENDORS) {
    for (const fault of row.vendors?.[vendor] ?? []) simulators[vendor].fault(fault);
  }
  const caller = createCaller(row, bearer, fleet);
  let sent: Promise<string | undefined> | undefined;
  const send = (): Promise<string | undefined> =>
    (sent ??= caller.ask(first.url).then((answer) => answer?.id));

  const struck = await strike(row, stage, send);
  const { heir } = struck;
  const id = (await send()) ?? (await writtenId(row, stage)) ?? (await caller.insist(heir.url)).id;
  const check = async (): Promise<void> => {
    const { task, longestWaitMs } = await ending(stage, heir.url, id);
    const rows = await rowsOf(heir.url, bearer, id);
    await checkBooks({ row, db, simulators, fleet, task, rows });
    expectWait(longestWaitMs, row);
  };
  await check();
  const { findings } = await apiClient(heir.url, stage.operatorKey).post<{ findings: unknown[] }>(
    '/v1/books/check',
    { task: id },
  );
  expect(findings, 'what a check of the books finds').to.deep.equal([]);
  if (struck.afterwards != null) {
    await struck.afterwards();
    await check();
  }
  // Whatever the fault did to the answer, its repeat makes no second task.
  if (!row.keyless) expect(await caller.insist(heir.url)).to.deep.equal({ id, isReplay: true });
  expect(await db.collection('tasks').countDocuments({ reference: REFERENCE })).to.equal(1);
};

/** `strike` is what breaks, and who goes on. */
export const play = <Mongod extends RowMongod>(
  row: Row,
  theatre: Theatre<Mongod>,
  strike: Strike<Mongod>,
): Promise<void> => onStage(row, theatre, (stage) => playOn(row, stage, strike));
