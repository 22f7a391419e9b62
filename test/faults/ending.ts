/** Waits for the end of a task, and looks at its books all the while. */
import { expect } from 'chai';
import type { mongo } from 'mongoose';
import { ApiError, apiClient } from '../../demo/api-client.js';
import type { Batch } from '../../models/batch.js';
import { isMongoTrouble } from '../../models/mongo-trouble.js';
import type { TaskShown } from '../support/fleet.js';
import { until } from '../support/until.js';
import { expectBalance } from './books.js';
import type { Stage } from './stage.js';

/** Less than the minute for which mongod keeps the locks of a process that died in a transaction. */
const END_WITHIN_MS = 50_000;
const LOOK_EVERY_MS = 60;
/** Retries that wait for longer are not waited for. */
const SHORT_WAIT_MS = 1_500;

/** Makes long waits of retries pass at once; answers the longest of them, in milliseconds. */
export const passWaits = async (db: mongo.Db): Promise<number> => {
  const batches = db.collection<Batch>('batches');
  const later = {
    state: 'due',
    notBefore: { $gt: new Date(Date.now() + SHORT_WAIT_MS) },
    // Whatever waits for a vendor that rests is let go by the breaker.
    waitsFor: { $exists: false },
  } as const;
  const waiting = await batches.find(later).toArray();
  if (waiting.length === 0) return 0;
  await batches.updateMany(later, { $set: { notBefore: new Date() } });
  const nowMs = Date.now();
  return Math.max(
    ...waiting.flatMap(({ notBefore, createdAt }) => [
      notBefore.getTime() - createdAt.getTime(),
      // Whose clock was wrong is another question: so long nobody would have sent it.
      notBefore.getTime() - nowMs,
    ]),
  );
};

const isAway = (error: unknown): boolean =>
  isMongoTrouble(error) ||
  error instanceof TypeError ||
  (error instanceof ApiError && error.status === 503);

export interface Ending {
  readonly task: TaskShown;
  /** Of all retries that waited for long, the longest wait; 0 when none did. */
  readonly longestWaitMs: number;
}

/** Resolves when nothing of the task is open any more. */
export const ending = async ({ db, bearer }: Stage, url: string, id: string): Promise<Ending> => {
  let task: TaskShown | undefined;
  let longestWaitMs = 0;
  const hasEnded = async (): Promise<boolean> => {
    longestWaitMs = Math.max(longestWaitMs, await passWaits(db));
    task = await apiClient(url, bearer).get<TaskShown>(`/v1/tasks/${id}`);
    expectBalance(task);
    return ['done', 'cancelled'].includes(task.state) && task.counts['pending'] === 0;
  };
  const look = (): Promise<boolean> =>
    hasEnded().catch((error: unknown) => {
      if (isAway(error)) return false;
      throw error;
    });
  await until('the task has ended', look, {
    withinMs: END_WITHIN_MS,
    everyMs: LOOK_EVERY_MS,
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(task)}`);
  });
  expect(task, 'a task').to.exist;
  return { task: task as TaskShown, longestWaitMs };
};
