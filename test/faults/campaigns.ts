/** A gateway dies while it makes the run of a campaign: another makes it, and there is one task, with everybody in it once. */
import { expect } from 'chai';
import { apiClient } from '../../demo/api-client.js';
import type { FaultPoint } from '../../jobs/fault-point.js';
import { rowsOf } from '../support/fleet.js';
import { until } from '../support/until.js';
import { expectBalance } from './books.js';
import { ending } from './ending.js';
import type { Gateways } from './gateways.js';
import type { PrivateMongod } from './private-mongod.js';
import type { Row } from './row.js';
import { onStage, type Scenario } from './scenario.js';
import type { Stage } from './stage.js';

interface Parts {
  readonly mongod: PrivateMongod;
  readonly gateways: Gateways;
}

const ROW: Row = { ifUnsure: 'resend', mix: { fcm: 100, apns: 100, harmony: 100 } };
const ELIGIBLE = 300;
const BEGINS_IN_MS = 1_000;
/** A list, which is written besides the task. */
const NOBODY = { tokens: ['nobody-has-this-token'] };

interface Runs {
  items: { at: string; state: string; task: { id: string } }[];
}

const runUnderFire = async (stage: Stage, point: FaultPoint): Promise<void> => {
  const { first, bearer, db, fleet } = stage;
  const api = apiClient(first.url, bearer);
  const at = new Date(Date.now() + BEGINS_IN_MS).toISOString();
  const { id } = await api.post<{ id: string }>('/v1/campaigns', {
    name: 'Under fire',
    task: {
      audience: { all: true, exclude: NOBODY },
      message: { title: 'A run', body: 'of a campaign' },
    },
    schedule: { at },
    missed: 'catch-up-once',
  });
  await first.arm({ point, deed: 'SIGKILL' });
  await api.post(`/v1/campaigns/${id}/approve`, { version: 1 });
  expect(await first.exited).to.deep.equal({ code: null, signal: 'SIGKILL' });

  const heir = await stage.startGateway();
  const heirs = apiClient(heir.url, bearer);
  const runs = () => heirs.get<Runs>(`/v1/campaigns/${id}/runs`);
  await until('there is a run', async () => (await runs()).items.length > 0);
  const [run, ...others] = (await runs()).items;
  expect(others).to.deep.equal([]);
  expect(run).to.include({ at, state: 'made' });
  const { task } = await ending(stage, heir.url, String(run?.task.id));
  expectBalance(task);
  expect(task.counts).to.include({ targeted: fleet.length, accepted: ELIGIBLE, pending: 0 });
  const rows = await rowsOf(heir.url, bearer, String(run?.task.id));
  expect(new Set(rows.map(({ device }) => device)).size, 'devices with a row').to.equal(
    fleet.length,
  );
  expect(await db.collection('tasks').countDocuments(), 'tasks').to.equal(1);
  const campaign = await heirs.get<{ state: string }>(`/v1/campaigns/${id}`);
  expect(campaign.state).to.equal('ended');
};

const scenario = (point: FaultPoint): Scenario<Parts> => ({
  name: `a run of a campaign | SIGKILL | at ${point} | ${ROW.ifUnsure}`,
  play: (parts) => onStage(ROW, parts, (stage) => runUnderFire(stage, point)),
});

export const CAMPAIGNS: readonly Scenario<Parts>[] = [
  scenario('accept:before-write'),
  scenario('accept:task-written'),
  scenario('accept:before-commit'),
];
