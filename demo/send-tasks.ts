/** Posts the tasks one after the other and watches each until its report is final. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Api } from './api-client.js';
import type { Progress } from './progress.js';
import type { Pace } from './report-table.js';
import type { TaskAnswer } from './task-answer.js';
import type { DemoTask } from './tasks.js';

export interface SentTask {
  readonly title: string;
  readonly task: TaskAnswer;
  readonly pace: Pace;
}

/** The rest waits for pauses that vendors asked for; the next task need not wait with it. */
const MOST = 0.95;
const LOOK_EVERY_MS = 100;
/** Nothing that the simulators ask for takes longer. */
const PATIENCE_MS = 180_000;
const ENDED = new Set(['done', 'cancelled', 'failed']);

interface Sending {
  readonly title: string;
  readonly id: string;
  readonly postedAt: number;
}

interface Watched {
  readonly task: TaskAnswer;
  readonly ms: number;
}

const isEnded = ({ state }: TaskAnswer): boolean => ENDED.has(state);

const through = ({ counts }: TaskAnswer): number => counts.targeted - counts.pending;

/** A task is planned piece by piece, so its share says something only once it is planned whole. */
const isMostlyThrough = (task: TaskAnswer): boolean =>
  isEnded(task) || (task.timings.plannedAt != null && through(task) >= MOST * task.counts.targeted);

const watch = async (
  api: Api,
  { title, id, postedAt }: Sending,
  isEnough: (task: TaskAnswer) => boolean,
  progress: Progress,
): Promise<Watched> => {
  for (;;) {
    const task = await api.get<TaskAnswer>(`/v1/tasks/${id}`);
    const ms = performance.now() - postedAt;
    if (isEnough(task) || ms > PATIENCE_MS) {
      progress.finish(title, task.counts);
      return { task, ms };
    }
    progress.show(title, task.counts);
    await delay(LOOK_EVERY_MS);
  }
};

/** Tasks that are not final when patience ends come back as they are: their ledgers will not balance. */
export const sendTasks = async (
  api: Api,
  tasks: readonly DemoTask[],
  progress: Progress,
): Promise<SentTask[]> => {
  const sendings: { sending: Sending; most: Watched }[] = [];
  for (const { title, body } of tasks) {
    const postedAt = performance.now();
    const { id } = await api.post<{ id: string }>('/v1/tasks', body);
    const sending = { title, id, postedAt };
    sendings.push({ sending, most: await watch(api, sending, isMostlyThrough, progress) });
  }
  const sent: SentTask[] = [];
  for (const { sending, most } of sendings) {
    const last = isEnded(most.task) ? most : await watch(api, sending, isEnded, progress);
    const pace = { mostDevices: through(most.task), mostMs: most.ms, allMs: last.ms };
    sent.push({ title: sending.title, task: last.task, pace });
  }
  return sent;
};
