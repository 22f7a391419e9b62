/** The caller pauses, resumes or cancels in the middle of a task, and the gateway may die in the middle of that. */
import { expect } from 'chai';
import { apiClient } from '../../demo/api-client.js';
import type { Batch } from '../../models/batch.js';
import { until } from '../support/until.js';
import type { ArmedGateway } from './gateways.js';
import { reach } from './place.js';
import type { CallerFault, Row } from './row.js';
import type { Stage } from './stage.js';
import type { Send, Struck } from './strike.js';

type Verb = 'pause' | 'resume' | 'cancel';

interface Held {
  readonly stage: Stage;
  readonly id: string;
}

const say = ({ bearer }: Stage, { url }: ArmedGateway, id: string, verb: Verb) =>
  apiClient(url, bearer).post<{ state: string }>(`/v1/tasks/${id}/${verb}`, {});

/** The gateway dies between the change of the task and what follows it; another is started. */
const sayAndDie = async ({ stage, id }: Held, verb: Verb): Promise<ArmedGateway> => {
  const { first } = stage;
  await first.arm({ point: 'control:task-changed', deed: 'SIGKILL' });
  await say(stage, first, id, verb).catch(() => undefined);
  expect(await first.exited).to.deep.equal({ code: null, signal: 'SIGKILL' });
  return stage.startGateway();
};

/** Nobody works on any part of it. */
const untilAtRest = ({ db }: Stage): Promise<void> =>
  until(
    'the task is at rest',
    async () =>
      (await db
        .collection<Batch>('batches')
        .findOne({ state: { $in: ['due', 'claimed', 'sending'] } })) == null,
    { withinMs: 120_000 },
  );

const STRIKES: Record<CallerFault, (held: Held) => Promise<Struck>> = {
  async cancel({ stage, id }) {
    await say(stage, stage.first, id, 'cancel');
    stage.first.release();
    return { heir: stage.first };
  },
  async 'pause and resume'({ stage, id }) {
    await say(stage, stage.first, id, 'pause');
    stage.first.release();
    await untilAtRest(stage);
    await say(stage, stage.first, id, 'resume');
    return { heir: stage.first };
  },
  async 'cancel, SIGKILL'(held) {
    return { heir: await sayAndDie(held, 'cancel') };
  },
  async 'pause, SIGKILL, resume'(held) {
    const heir = await sayAndDie(held, 'pause');
    const { state } = await apiClient(heir.url, held.stage.bearer).get<{ state: string }>(
      `/v1/tasks/${held.id}`,
    );
    expect(state).to.equal('paused');
    await untilAtRest(held.stage);
    await say(held.stage, heir, held.id, 'resume');
    return { heir };
  },
  async 'resume, SIGKILL'(held) {
    await say(held.stage, held.stage.first, held.id, 'pause');
    held.stage.first.release();
    await untilAtRest(held.stage);
    return { heir: await sayAndDie(held, 'resume') };
  },
};

export const strikeByCaller = async (
  fault: CallerFault,
  row: Row,
  stage: Stage,
  send: Send,
): Promise<Struck> => {
  await reach(row, stage, send);
  const id = await send();
  if (id == null) throw new Error('The gateway has not answered');
  return STRIKES[fault]({ stage, id });
};
