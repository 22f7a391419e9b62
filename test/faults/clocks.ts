/** Clocks that are wrong, or are set in the middle of a task: a worker's, or mongod's. */
import { expect } from 'chai';
import { until } from '../support/until.js';
import { createFakeClock, type FakeClock } from './fake-clock.js';
import { ArmedGateway, type Gateways } from './gateways.js';
import { reach } from './place.js';
import { play } from './play.js';
import { type PrivateMongod, startPrivateMongod } from './private-mongod.js';
import { type Row, rowName } from './row.js';
import type { Scenario } from './scenario.js';
import type { Stage } from './stage.js';
import type { Strike } from './strike.js';

const HOUR = 3_600;
const TWO_MINUTES = 120;
/** A busy machine is slow to beat, and nobody is to be taken for dead for it. */
const LEASE_MS = 5_000;
/** In which somebody would take a lease for dead. */
const LOOK_MS = 6_500;

interface Parts {
  readonly mongod: PrivateMongod;
  readonly gateways: Gateways;
}

interface ClockLine {
  /** Whose clock: the one that works on the task, one that looks on, or the database. */
  readonly whose: 'owner' | 'observer' | 'mongod';
  /** How far it is off from the start. */
  readonly off?: number;
  /** How far it is off, one after the other, while the task is on its way. */
  readonly jumps?: readonly number[];
  readonly rest: Pick<Row, 'at' | 'ifUnsure'> & Partial<Row>;
}

/** Fifty devices are to be tried again in a second: when that is, is a question of clocks. */
const AGAIN: Partial<Row> = {
  vendors: { fcm: [{ kind: 'too-many-requests', count: 50, retryAfterSeconds: 1 }] },
};

const LINES: readonly ClockLine[] = [
  { whose: 'owner', off: -TWO_MINUTES, rest: { at: 'dispatch:marked-sending', ifUnsure: 'leave' } },
  { whose: 'observer', off: TWO_MINUTES, rest: { at: 'plan:cursor-written', ifUnsure: 'resend' } },
  { whose: 'owner', jumps: [HOUR], rest: { at: 'report:answered', ifUnsure: 'leave', ...AGAIN } },
  { whose: 'owner', jumps: [-HOUR], rest: { at: 'report:answered', ifUnsure: 'resend', ...AGAIN } },
  {
    whose: 'observer',
    jumps: [HOUR, -HOUR],
    rest: { at: 'dispatch:marked-sending', ifUnsure: 'leave' },
  },
  {
    whose: 'mongod',
    jumps: [HOUR],
    rest: { at: 'dispatch:marked-sending', ifUnsure: 'leave', ...AGAIN },
  },
  {
    whose: 'mongod',
    jumps: [-HOUR],
    rest: { at: 'report:answered', ifUnsure: 'resend', ...AGAIN },
  },
];

const nameOf = ({ whose, off, jumps }: ClockLine): string =>
  off == null
    ? `the clock of ${whose} jumps by ${jumps?.join(' and by ')} s`
    : `the clock of ${whose} is ${off} s off`;

/** What a process says when it takes a lease for dead. */
const TOOK_OVER = 'Took over a batch';

/** What a process says when it hears that clocks differ, which it does with a heartbeat. */
const DIFFER = 'The clocks of this machine and of MongoDB differ';
const HEARD_WITHIN_MS = 20_000;

const expectNobodyTookOver = (stage: Stage): void => {
  expect(stage.output(), 'what the gateways say').not.to.include(TOOK_OVER);
};

const strikeWith =
  (clock: FakeClock, jumps: readonly number[]): Strike<PrivateMongod> =>
  async (row, stage, send) => {
    const { first } = stage;
    await reach(row, stage, send);
    // It looks on from now, and works as well: any earlier, it might have taken the whole task before the first came to the point.
    await stage.startGateway();
    for (const off of jumps.length === 0 ? [undefined] : jumps) {
      if (off != null) await clock.set(off);
      const sinceMs = performance.now();
      await until('leases could have died', () => performance.now() - sinceMs > LOOK_MS);
    }
    expectNobodyTookOver(stage);
    first.release();
    return {
      heir: first,
      async afterwards() {
        expectNobodyTookOver(stage);
        await until('somebody says whose clock is wrong', () => stage.output().includes(DIFFER), {
          withinMs: HEARD_WITHIN_MS,
        });
      },
    };
  };

/** The first process, or the second, has this clock; others are shared. */
const withClock = (
  { gateways }: Parts,
  { env }: FakeClock,
  whose: ClockLine['whose'],
): Gateways => {
  if (whose === 'mongod') return gateways;
  const clocked = new ArmedGateway({ more: env });
  let taken = 0;
  return {
    take() {
      taken += 1;
      return taken === (whose === 'owner' ? 1 : 2) ? clocked : gateways.take();
    },
    giveBack: (gateway) => (gateway === clocked ? gateway.kill() : gateways.giveBack(gateway)),
    close: () => clocked.kill(),
  };
};

const scenarioOf = (line: ClockLine): Scenario<Parts> => {
  const { whose, off, jumps = [], rest } = line;
  const row: Row = {
    note: nameOf(line),
    mix: { fcm: 150, apns: 150, harmony: 150 },
    timings: { leaseMs: LEASE_MS },
    ...rest,
  };
  return {
    name: rowName(row),
    async play(parts) {
      const clock = await createFakeClock(off);
      const env = Object.entries(clock.env).map(([name, value]) => `${name}=${value}`);
      const wrap = (mongod: string) => ['env', ...env, mongod] as const;
      const isOwn = whose === 'mongod';
      const mongod = isOwn ? await startPrivateMongod({ wrap }) : parts.mongod;
      const gateways = withClock(parts, clock, whose);
      try {
        await play(row, { mongod, gateways }, strikeWith(clock, jumps));
      } finally {
        if (gateways !== parts.gateways) await gateways.close();
        if (isOwn) await mongod.close();
        await clock.remove();
      }
    },
  };
};

export const CLOCKS: readonly Scenario<Parts>[] = LINES.map(scenarioOf);
