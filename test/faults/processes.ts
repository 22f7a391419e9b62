/** Several processes on one database: they share the work, one of them dies, or all of them are replaced one after the other. */
import { expect } from 'chai';
import { LANES } from '../../models/task.js';
import { until } from '../support/until.js';
import { receivedInAll } from './fleet.js';
import type { ArmedGateway, Gateways } from './gateways.js';
import { play } from './play.js';
import type { PrivateMongod } from './private-mongod.js';
import type { Row } from './row.js';
import type { Scenario } from './scenario.js';
import type { Stage } from './stage.js';
import type { Strike } from './strike.js';

interface Parts {
  readonly mongod: PrivateMongod;
  readonly gateways: Gateways;
}

const API = { PIGEONPOST_ROLE: 'api' } as const;
/** One batch at a time, so that no worker takes everything at once. */
const WORKER = { PIGEONPOST_ROLE: 'worker', PIGEONPOST_BATCHES_IN_FLIGHT: '1' } as const;
const WITHIN_MS = 60_000;
/** Wakes that Agenda may hold at a time, by the name of the job (jobs/calls.ts). */
const MOST: ReadonlyMap<string, number> = new Map(
  LANES.flatMap((lane) => [
    [`plan ${lane}`, 2],
    [`dispatch ${lane}`, 4],
  ]),
);

/** Batches that each worker has reported, by its name in leases. */
const sentBy = async (worker: ArmedGateway): Promise<number> => {
  const metrics = await (await fetch(`${worker.url}/metrics`)).text();
  return [...metrics.matchAll(/^pigeonpost_pushes_total\{.*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
};

const underWay = (stage: Stage, least: number): Promise<void> =>
  until('it is under way', () => receivedInAll(stage.simulators) >= least, {
    withinMs: WITHIN_MS,
    everyMs: 5,
  });

/** However many processes define them, there is one document for each job, or one for each of its slots. */
const expectSingleJobs = async ({ db }: Stage): Promise<void> => {
  const jobs = await db
    .collection('agenda_jobs')
    .aggregate<{ _id: string; count: number; slots: (number | null)[] }>([
      { $group: { _id: '$name', count: { $sum: 1 }, slots: { $addToSet: '$data.slot' } } },
    ])
    .toArray();
  for (const { _id: name, count, slots } of jobs) {
    // Whatever has no slots is there once.
    expect(Math.max(slots.length, 1), `jobs called ${name}`).to.equal(count);
    expect(count, `jobs called ${name}`).to.be.at.most(MOST.get(name) ?? 1);
  }
  const names = jobs.map(({ _id }) => _id);
  expect(names).to.include.members(['sweep', 'retention']);
  expect([...MOST.keys(), 'sweep', 'retention']).to.include.members(names);
};

const sharing: Strike = async (_row, stage, send) => {
  const workers = [await stage.startGateway(WORKER), await stage.startGateway(WORKER)];
  await send();
  await expectSingleJobs(stage);
  return {
    heir: stage.first,
    async afterwards() {
      await expectSingleJobs(stage);
      for (const worker of workers)
        expect(await sentBy(worker), 'pushes of a worker').to.be.above(0);
      expect(await sentBy(stage.first), 'pushes of the API').to.equal(0);
    },
  };
};

const losingOne: Strike = async (_row, stage, send) => {
  const doomed = await stage.startGateway(WORKER);
  await stage.startGateway(WORKER);
  await send();
  await underWay(stage, 300);
  await doomed.kill();
  await expectSingleJobs(stage);
  return { heir: stage.first };
};

/** New ones come before old ones go, as with a deployment that keeps its number. */
const rolling: Strike = async (_row, stage, send) => {
  const old = [stage.first, await stage.startGateway(WORKER), await stage.startGateway(WORKER)];
  await send();
  await underWay(stage, 200);
  const fresh: ArmedGateway[] = [];
  for (const [nth, gateway] of old.entries()) {
    fresh.push(await stage.startGateway(nth === 0 ? API : WORKER));
    gateway.signal('SIGTERM');
    expect(await gateway.exited).to.deep.equal({ code: 0, signal: null });
  }
  await expectSingleJobs(stage);
  return { heir: fresh[0] ?? stage.first };
};

const MIX: Row['mix'] = { fcm: 1_100, apns: 1_100, harmony: 1_100 };
/** Answers take a while, so that nobody is through before all have begun. */
const SLOWLY: Partial<Row> = {
  vendors: {
    fcm: [{ kind: 'slow', delayMs: 400 }],
    apns: [{ kind: 'slow', delayMs: 400 }],
    harmony: [{ kind: 'slow', delayMs: 400 }],
  },
};

const scenario = (note: string, row: Row, strike: Strike): Scenario<Parts> => ({
  name: `an API and two workers | ${note} | ${row.ifUnsure}`,
  play: (parts) => play(row, { ...parts, firstEnv: API }, strike),
});

/** Three processes on a busy machine are slow to beat, and nobody is to be taken for dead for it. */
const ROW: Row = { ifUnsure: 'leave', mix: MIX, ...SLOWLY, timings: { leaseMs: 6_000 } };

export const PROCESSES: readonly Scenario<Parts>[] = [
  scenario('each worker sends some, and jobs exist once', ROW, sharing),
  scenario('one is killed', { ...ROW, unknown: { atMost: 2_000 } }, losingOne),
  scenario('all are replaced, one after the other', ROW, rolling),
];
