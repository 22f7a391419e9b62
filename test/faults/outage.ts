/** The database is away for longer than anybody waits: stopped, killed, or without room on its disk. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { until } from '../support/until.js';
import type { Gateways } from './gateways.js';
import { knockOn } from './knocks.js';
import { reach } from './place.js';
import { play } from './play.js';
import { type PrivateMongod, startPrivateMongod } from './private-mongod.js';
import { type Row, rowName } from './row.js';
import type { Scenario } from './scenario.js';
import { startSmallDisk } from './small-disk.js';
import type { Strike } from './strike.js';

const AWAY_MS = 20_000;
const DIES_WITHIN_MS = 60_000;

/** Whatever breaks it; resolves, when it is away, with what brings it back. */
type Outage = (mongod: PrivateMongod) => Promise<() => Promise<void>>;

const stopped: Outage = async ({ node }) => {
  node.signal('SIGSTOP');
  return async () => node.signal('SIGCONT');
};

const killed: Outage = async (mongod) => {
  await mongod.kill();
  return () => mongod.start();
};

/** Somebody knocks all the while, and is told to come again. */
const strikeWith =
  (outage: Outage): Strike<PrivateMongod> =>
  async (row, stage, send) => {
    const { first, mongod } = stage;
    await reach(row, stage, send);
    const knocks = knockOn(first, stage);
    await until('somebody was taken', () => knocks.seen.taken > 0);
    const comeBack = await outage(mongod);
    first.release();
    // How long it is away is what this is about.
    await pause(AWAY_MS);
    expect(knocks.seen.refused, 'refused meanwhile').to.be.above(0);
    await comeBack();
    return { heir: first, afterwards: () => knocks.settle() };
  };

interface Parts {
  readonly gateways: Gateways;
}

const MIX: Row['mix'] = { fcm: 100, apns: 100, harmony: 100 };

const away = (
  note: string,
  outage: Outage,
  rest: Pick<Row, 'at' | 'ifUnsure'>,
): Scenario<Parts> => {
  const row: Row = { note, mix: MIX, timings: { leaseMs: 8_000 }, ...rest };
  return {
    name: rowName(row),
    async play({ gateways }) {
      const mongod = await startPrivateMongod();
      try {
        await play(row, { mongod, gateways }, strikeWith(outage));
      } finally {
        await mongod.close();
      }
    },
  };
};

/** Checkpoints come often, so that a disk without room is noticed soon. */
const NOTICES_SOON = ['--syncdelay', '1'];

const fullDisk = (rest: Pick<Row, 'at' | 'ifUnsure'>): Scenario<Parts> => {
  const row: Row = {
    note: 'the disk of mongod is full',
    mix: MIX,
    timings: { leaseMs: 8_000 },
    ...rest,
  };
  return {
    name: rowName(row),
    async play({ gateways }) {
      const dataDir = await mkdtemp(join(tmpdir(), 'pigeonpost-disk-'));
      const disk = await startSmallDisk(dataDir);
      const mongod = await startPrivateMongod({
        dataDir,
        wrap: (mongod) => disk.wrap(mongod),
        more: NOTICES_SOON,
      });
      const filled: Outage = async ({ node }) => {
        await disk.fill(node);
        let hasEnded = false;
        void node.ended.then(() => {
          hasEnded = true;
        });
        // As it does wherever it cannot keep what it has promised.
        await until('mongod ends by itself', () => hasEnded, { withinMs: DIES_WITHIN_MS });
        return async () => {
          await disk.free();
          await mongod.start();
        };
      };
      try {
        await play(row, { mongod, gateways }, strikeWith(filled));
      } finally {
        await mongod.close();
        await disk.close();
        await rm(dataDir, { recursive: true, force: true });
      }
    },
  };
};

export const OUTAGES: readonly Scenario<Parts>[] = [
  away('mongod stopped for 20 s', stopped, { at: 'dispatch:marked-sending', ifUnsure: 'leave' }),
  away('mongod stopped for 20 s', stopped, { at: 'plan:cursor-written', ifUnsure: 'resend' }),
  away('mongod killed, and away for 20 s', killed, {
    at: 'report:before-commit',
    ifUnsure: 'leave',
  }),
  fullDisk({ at: 'report:rows-written', ifUnsure: 'leave' }),
];
