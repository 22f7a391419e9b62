/** The primary of a replica set of three goes away in the middle of a task, and another node is elected. */
import { expect } from 'chai';
import { apiClient } from '../../demo/api-client.js';
import { rowsOf, taskEnded } from '../support/fleet.js';
import { until } from '../support/until.js';
import { type Answer, createCaller } from './caller.js';
import { witnessed } from './fleet.js';
import type { Gateways } from './gateways.js';
import { knockOn } from './knocks.js';
import { reach } from './place.js';
import { play } from './play.js';
import { type Row, rowName } from './row.js';
import { onStage, type Scenario } from './scenario.js';
import type { Strike } from './strike.js';
import type { ThreeNodes } from './three-nodes.js';

const ENDS_WITHIN_MS = 60_000;
/** Callers that ask at the same time, and how many have their answer when the primary dies. */
const AT_A_TIME = 8;
const ANSWERED = 30;

/** They share the set, so they take turns. */
interface Parts {
  readonly set: ThreeNodes;
  readonly gateways: Gateways;
}

type Going = (set: ThreeNodes) => Promise<() => Promise<void>>;

/** What becomes of the primary; resolves with what brings it back. */
const GOINGS: Record<string, Going> = {
  async 'primary killed'(set) {
    const primary = await set.primary();
    await primary.kill();
    return () => primary.start();
  },
  async 'primary stepped down'(set) {
    await set.stepDown();
    return async () => undefined;
  },
};

/** The gateway goes on by itself; somebody knocks from before the primary goes until another one is there. */
const strikeWith =
  (going: Going): Strike<ThreeNodes> =>
  async (row, stage, send) => {
    const { first, mongod } = stage;
    await reach(row, stage, send);
    const knocks = knockOn(first, stage);
    await until('somebody was taken', () => knocks.seen.taken > 0);
    const comeBack = await going(mongod);
    first.release();
    const back = mongod.primary().then(comeBack);
    back.catch(() => undefined);
    return {
      heir: first,
      async afterwards() {
        await back;
        await knocks.settle();
      },
    };
  };

const MIX: Row['mix'] = { fcm: 100, apns: 100, harmony: 100 };
const LINES: readonly (readonly [
  Row['at'],
  keyof typeof GOINGS,
  Row['ifUnsure'],
  Row['audience'],
])[] = [
  ['accept:before-commit', 'primary killed', 'resend', 'list'],
  ['report:before-commit', 'primary killed', 'leave', 'all'],
  ['dispatch:marked-sending', 'primary stepped down', 'leave', 'all'],
  ['report:rows-written', 'primary stepped down', 'resend', 'all'],
];

/** An election must not cost the lease. */
const PATIENT = { timings: { leaseMs: 8_000 } } as const;

const rows: Scenario<Parts>[] = LINES.map(([at, note, ifUnsure, audience]) => {
  const row = { at, note, ifUnsure, audience, mix: MIX, ...PATIENT } as Row;
  return {
    name: `a replica set of three | ${rowName(row)}`,
    play: ({ set, gateways }) =>
      play(row, { mongod: set, gateways }, strikeWith(GOINGS[note] as Going)),
  };
});

const SINGLES = { ifUnsure: 'leave', mix: { fcm: 120 }, ...PATIENT } as const;

const keepsItsWord: Scenario<Parts> = {
  name: 'a replica set of three | has every task whose id was told, although its primary was killed meanwhile',
  play: ({ set, gateways }) =>
    onStage(SINGLES, { mongod: set, gateways }, async (stage) => {
      const { first, bearer, simulators, db } = stage;
      const devices = stage.fleet.filter(({ consents, isGone }) => consents && !isGone);
      const answers: Answer[] = [];
      const waiting = [...devices];
      const askInTurn = async (): Promise<void> => {
        for (let device = waiting.pop(); device != null; device = waiting.pop()) {
          const caller = createCaller({ audience: 'list', ifUnsure: 'leave' }, bearer, [device]);
          answers.push(await caller.insist(first.url));
        }
      };
      const asked = Promise.all(Array.from({ length: AT_A_TIME }, askInTurn));
      await until('some tasks are taken', () => answers.length >= ANSWERED, { everyMs: 1 });
      const primary = await set.primary();
      await primary.kill();
      await asked;
      await set.primary();
      await primary.start();

      const api = apiClient(first.url, bearer);
      let unknown = 0;
      const reached = new Set<string>();
      for (const { id } of answers) {
        const { counts } = await taskEnded(api, id, ENDS_WITHIN_MS);
        expect(counts).to.include({ targeted: 1, pending: 0 });
        const [row] = await rowsOf(first.url, bearer, id);
        expect(row?.state).to.be.oneOf(['accepted', 'unknown']);
        if (row?.state === 'accepted') reached.add(row.device);
        else unknown += 1;
      }
      expect(await db.collection('tasks').countDocuments()).to.equal(devices.length);
      expect(unknown).to.be.at.most(AT_A_TIME);
      expect(reached.size).to.equal(devices.length - unknown);
      for (const device of devices) {
        expect(witnessed(simulators, device).delivered).to.be.at.most(1);
      }
      const delivered = devices.filter((device) => witnessed(simulators, device).delivered === 1);
      expect(delivered.length).to.be.at.least(reached.size);
    }),
};

const isNeverWeak: Scenario<Parts> = {
  name: 'a replica set of three | tells nobody what only its primary knows, whatever MONGODB_URI says',
  play: ({ set, gateways }) => {
    const weak = (row: string): string =>
      `${set.uriFor(row)}&w=1&readPreference=secondaryPreferred&retryWrites=false`;
    const mongod = { ...set, uriFor: weak };
    return onStage({ ifUnsure: 'leave', mix: { fcm: 10 } }, { mongod, gateways }, async (stage) => {
      const { first, bearer, db } = stage;
      const primary = await set.primary();
      const others = set.nodes.filter((node) => node !== primary);
      const device = await db.collection('devices').findOne({ consent: { $exists: true } });
      const withdraw = (): Promise<Response> =>
        fetch(`${first.url}/v1/devices/${String(device?._id)}/consent`, {
          method: 'PUT',
          headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
          body: JSON.stringify({ push: 'denied' }),
        });
      const wish = { audience: 'list', ifUnsure: 'leave' } as const;
      // The first task makes its month's collection, which waits for the majority before anything of the task is written.
      const before = await createCaller(wish, bearer, stage.fleet.slice(0, 1)).insist(first.url);
      await taskEnded(apiClient(first.url, bearer), before.id, ENDS_WITHIN_MS);
      const reference = 'alone';
      const caller = createCaller({ ...wish, reference }, bearer, stage.fleet);
      for (const other of others) other.signal('SIGSTOP');
      const asked = Promise.all([caller.ask(first.url), withdraw()]);
      const tasks = primary.client.db(db.databaseName).collection('tasks');
      await until(
        'the primary has the task',
        async () =>
          (await tasks.findOne({ reference }, { readConcern: { level: 'local' } })) != null,
      );
      const askedAgain = caller.ask(first.url);
      // A primary that hears nobody is none any more.
      await until(
        'the primary gives up',
        async () =>
          (await primary.client.db('admin').command({ hello: 1 }))['isWritablePrimary'] !== true,
        { withinMs: ENDS_WITHIN_MS },
      );
      await primary.kill();
      const [answer, withdrawn] = await asked;
      expect([answer, await askedAgain]).to.deep.equal([undefined, undefined]);
      expect(withdrawn.status).to.equal(503);
      expect(withdrawn.headers.get('retry-after')).to.match(/^\d+$/);
      for (const other of others) other.signal('SIGCONT');
      await set.primary();
      // It may have come through to the others after all; then this is a replay.
      const { id } = await caller.insist(first.url);
      expect((await taskEnded(apiClient(first.url, bearer), id, ENDS_WITHIN_MS)).counts).to.include(
        { pending: 0, unknown: 0 },
      );
      expect(await db.collection('tasks').countDocuments({ reference })).to.equal(1);
      await primary.start();
    });
  },
};

export const FAILOVERS: readonly Scenario<Parts>[] = [...rows, keepsItsWord, isNeverWeak];
