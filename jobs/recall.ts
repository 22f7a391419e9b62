/**
 * Recall: takes back what a task has sent, by a task of its own. It goes the same way as any other (plan, dispatch, report,
 * leases, retries), so its books balance by the same proof, and a process that dies loses nothing of it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { mongo } from 'mongoose';
import { deliveriesName, keptUntil } from '../models/delivery.js';
import { isDuplicateKey } from '../models/duplicate-key.js';
import { tasks } from '../models/lease.js';
import {
  ENDED_STATES,
  newTaskId,
  type Replacement,
  type Task,
  type TaskMessage,
  UNPLANNED,
} from '../models/task.js';
import type { JobContext } from './context.js';
import { control } from './control.js';
import { NotRecallableTask, type RecallRequest, TaskStateConflict } from './engine.js';

const SECOND_MS = 1_000;
const SHORTEST_MS = 24 * 60 * 60 * SECOND_MS;
const LONGEST_MS = 28 * 24 * 60 * 60 * SECOND_MS;

/** A vendor may keep the push for an offline device for so long: the recall has to be there as long. */
const expiryOf = (recalled: Task, nowMs: number): Date => {
  const { message, expiresAt, scheduledAt, lastDueAt, createdAt } = recalled;
  const storedMs = (message.storeSeconds ?? 0) * SECOND_MS;
  const storedUntilMs = (lastDueAt ?? scheduledAt ?? createdAt).getTime() + storedMs;
  const neededMs = Math.max(nowMs + SHORTEST_MS, expiresAt.getTime(), storedUntilMs);
  return new Date(Math.min(neededMs, nowMs + LONGEST_MS));
};

/** The message that is taken back, as the recall names it; with the texts to be seen in its place, if there are any. */
const messageOf = (message: TaskMessage, replacement: Replacement | undefined): TaskMessage => {
  // The texts of a template are not put together anew: they are not shown, or replaced.
  const { storeSeconds: _, template: _template, ...named } = message;
  if (replacement == null) return named;
  const { title: _title, body: _body, localized: _localized, ...rest } = named;
  return { ...rest, ...replacement };
};

const recallTask = (recalled: Task, { app, by, replacement }: RecallRequest, now: Date): Task => ({
  _id: newTaskId(),
  app: app._id,
  // The sweep starts one that has to wait for the last rows of the other.
  state: recalled.endedAt == null ? 'scheduled' : 'accepted',
  lane: recalled.lane,
  message: messageOf(recalled.message, replacement),
  audienceKind: 'recalled',
  recallOf: recalled._id,
  recalledFrom: recalled.startedAt ?? recalled.createdAt,
  ...(replacement == null ? {} : { replacement }),
  consentAsserted: false,
  // Twice does no harm.
  ifUnsure: 'resend',
  deliveriesIn: deliveriesName(now, app.retentionDays),
  expiresAt: expiryOf(recalled, now.getTime()),
  ...UNPLANNED,
  createdBy: by,
  createdAt: now,
});

const showsText = ({ title, body, localized, silent }: TaskMessage): boolean =>
  !silent && (title != null || body != null || localized != null);

const checkRecallable = (recalled: Task, replacement: Replacement | undefined, now: Date): void => {
  if (recalled.recallOf != null) throw new NotRecallableTask('The task is itself a recall');
  if (replacement != null && !showsText(recalled.message)) {
    throw new NotRecallableTask('The task showed no text that could be replaced');
  }
  const until = keptUntil(recalled.deliveriesIn);
  if (until != null && until <= now) {
    throw new NotRecallableTask('Nothing is known any more of whom the task reached');
  }
};

/** The recall that there is already. */
const earlier = async (
  db: mongo.Db,
  recalled: Task,
  replacement: Replacement | undefined,
): Promise<Task | null> => {
  const found = await tasks(db).findOne({ recallOf: recalled._id });
  if (found != null && !isDeepStrictEqual(found.replacement, replacement)) {
    throw new NotRecallableTask('The task is recalled already, with another replacement');
  }
  return found;
};

/** First nothing more may leave: what is recalled is what was sent by then. */
const stopSending = async (context: JobContext, { app, _id, state }: Task): Promise<void> => {
  if ((ENDED_STATES as readonly string[]).includes(state)) return;
  try {
    await control(context, app, _id, 'cancel');
  } catch (error) {
    // It ended in between by itself.
    if (!(error instanceof TaskStateConflict)) throw error;
  }
};

/** The recall, or null when the app has no such task. Rejects with NotRecallableTask. */
export const recall = async (context: JobContext, request: RecallRequest): Promise<Task | null> => {
  const { db, now } = context.parts;
  const { app, task: _id, replacement } = request;
  const at = new Date(now());
  const asked = await tasks(db).findOne({ _id, app: app._id });
  if (asked == null) return null;
  checkRecallable(asked, replacement, at);
  const known = await earlier(db, asked, replacement);
  if (known != null) return known;
  await stopSending(context, asked);
  const recalled = await tasks(db).findOne({ _id });
  if (recalled == null) return null;
  const task = recallTask(recalled, request, at);
  try {
    await tasks(db).insertOne(task, { writeConcern: { w: 'majority' } });
    return task;
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    return earlier(db, recalled, replacement);
  }
};
