import { setMaxListeners } from 'node:events';
import { expect } from 'chai';
import type { Pace, PermitGrant } from '../../models/pacing.js';
import type { Lane } from '../../models/task.js';
import { virtualTime } from '../../test/support/virtual-time.js';
import { createGate, type Gate } from './gate.js';
import { BUCKET_MS } from './slices.js';

const SECOND_MS = 1_000;
const SLICE_MS = 200;
/** How far the database's clock is from ours does not matter. */
const DATABASE_AHEAD_MS = 5_000_000;
const never = new AbortController().signal;
setMaxListeners(0, never);

/** Processes that share one store of permits, on a time of the test's own. */
const world = (pace: Pace | null = { perSecond: 1_000 }, answersInMs = 4) => {
  const time = virtualTime();
  const asked: { atMs: number; wanted: number }[] = [];
  const troubles: unknown[] = [];
  let untilMs = 0;
  let broken = false;
  const grant = (perSecond: number, wanted: number, leadMs: number): PermitGrant => {
    const delayMs = Math.max(leadMs, untilMs - time.now());
    const sliceMs = SLICE_MS + leadMs;
    const count = Math.min(wanted, Math.max(1, Math.floor((perSecond * sliceMs) / SECOND_MS)));
    untilMs = time.now() + delayMs + (count * SECOND_MS) / perSecond;
    return { count, delayMs, perSecond, atMs: time.now() + DATABASE_AHEAD_MS };
  };
  const process = ({ hasRoom = (): void => undefined, answerMs = answersInMs } = {}): Gate =>
    createGate({
      key: 'shop/fcm/default',
      pace,
      monotonic: time.now,
      later: time.later,
      hasRoom,
      failed: (error) => troubles.push(error),
      ask: ({ pace: { perSecond }, wanted, leadMs = 0 }) =>
        new Promise((resolve, reject) => {
          asked.push({ atMs: time.now(), wanted });
          time.later(answerMs / 2, () => {
            if (broken) {
              reject(new Error('The database is away'));
              return;
            }
            const granted = grant(perSecond, wanted, leadMs);
            time.later(answerMs / 2, () => resolve(granted));
          });
        }),
    });
  const sent: { atMs: number; devices: number; lane: Lane; who: string }[] = [];
  /** Sends so many devices through a gate, as fast as it lets them. */
  const send = async (
    gate: Gate,
    devices: number,
    {
      lane = 'campaign',
      who = 'somebody',
      signal = never,
      readMs = 0,
    }: { lane?: Lane; who?: string; signal?: AbortSignal; readMs?: number } = {},
  ): Promise<void> => {
    const lot = gate.enter(devices, lane);
    if (readMs > 0) await new Promise<void>((resolve) => time.later(readMs, resolve));
    for (let left = devices; left > 0; ) {
      const some = await lot.take(left, signal);
      if (some === 0) break;
      left -= some;
      sent.push({ atMs: time.now(), devices: some, lane, who });
    }
    lot.leave();
  };
  const sentBetween = (fromMs: number, toMs: number, who?: string): number =>
    sent
      .filter((one) => one.atMs >= fromMs && one.atMs < toMs && (who == null || one.who === who))
      .reduce((sum, { devices: some }) => sum + some, 0);
  const worstSecond = (): number =>
    Math.max(...sent.map(({ atMs }) => sentBetween(atMs, atMs + SECOND_MS)));
  return {
    ...{ time, asked, troubles, process, send, sent, sentBetween, worstSecond },
    break(isBroken: boolean) {
      broken = isBroken;
    },
  };
};

describe('the gate', () => {
  it('lets devices through at the pace, evenly', async () => {
    const { time, process, send, sentBetween, worstSecond } = world();
    void send(process(), 10_000);
    await time.pass(8_000);
    expect(sentBetween(1_000, 6_000)).to.be.within(4_950, 5_010);
    expect(worstSecond()).to.be.at.most(1_010);
    for (let ms = 500; ms < 5_000; ms += 100) {
      expect(sentBetween(ms, ms + 100), `${ms}`).to.be.within(90, 110);
    }
  });

  it('asks a few times a second, however many devices pass', async () => {
    const { time, process, send, asked } = world({ perSecond: 100_000 });
    void send(process(), 500_000);
    await time.pass(4_000);
    expect(asked.length).to.be.within(10, 41);
  });

  it('shares the pace with other processes, and no second sees more', async () => {
    const { time, process, send, sentBetween, worstSecond } = world();
    for (const who of ['one', 'two', 'three']) void send(process(), 10_000, { who });
    await time.pass(9_000);
    expect(sentBetween(1_000, 9_000)).to.be.within(7_800, 8_010);
    expect(worstSecond()).to.be.at.most(1_000 + BUCKET_MS);
    for (const who of ['one', 'two', 'three']) {
      expect(sentBetween(1_000, 9_000, who), who).to.be.within(2_200, 3_200);
    }
  });

  it('leaves to the others what a process that died was granted, but for an instant', async () => {
    const { time, process, send, sentBetween, worstSecond } = world();
    const dying = new AbortController();
    void send(process(), 10_000, { who: 'dead', signal: dying.signal });
    void send(process(), 20_000, { who: 'alive' });
    await time.pass(3_000);
    dying.abort();
    await time.pass(5_000);
    expect(sentBetween(3_500, 8_000, 'alive')).to.be.at.least(4_400);
    expect(worstSecond()).to.be.at.most(1_000 + BUCKET_MS);
  });

  it('sends a single push with one question', async () => {
    const { time, process, send, asked, sent } = world();
    const gate = process();
    void send(gate, 1, { lane: 'transactional' });
    await time.pass(10);
    expect(sent).to.deep.include({ atMs: 4, devices: 1, lane: 'transactional', who: 'somebody' });
    expect(asked).to.have.length(1);
  });

  it('lets a transactional push go before a campaign', async () => {
    const { time, process, send, sent } = world({ perSecond: 200 });
    const gate = process();
    void send(gate, 200);
    await time.pass(300);
    void send(gate, 1, { lane: 'transactional' });
    await time.pass(700);
    const push = sent.find(({ lane }) => lane === 'transactional');
    expect(push?.atMs).to.be.within(300, 315);
  });

  it('gives tasks of one lane the same share', async () => {
    const { time, process, send, sentBetween } = world();
    const gate = process();
    void send(gate, 5_000, { who: 'big' });
    await time.pass(1_000);
    void send(gate, 400, { who: 'small' });
    await time.pass(1_200);
    expect(sentBetween(1_000, 2_200, 'small')).to.be.at.least(380);
  });

  it('lets nobody through after an abort', async () => {
    const { time, process, send, sentBetween } = world();
    const abort = new AbortController();
    const gate = process();
    void send(gate, 5_000, { signal: abort.signal });
    await time.pass(1_000);
    abort.abort();
    const before = sentBetween(0, 2_000);
    await time.pass(3_000);
    expect(sentBetween(0, 9_000)).to.equal(before);
    expect(gate.idleSinceMs).to.be.closeTo(1_000, 5);
    const lot = gate.enter(1, 'default');
    expect(await lot.take(1, abort.signal)).to.equal(0);
  });

  it('waits for the database when it is away, and goes on when it is back', async () => {
    const { time, process, send, sentBetween, troubles, asked, ...rest } = world();
    rest.break(true);
    void send(process(), 5_000);
    await time.pass(10_000);
    expect(sentBetween(0, 10_000)).to.equal(0);
    expect(troubles.length).to.be.within(15, 21);
    expect(asked.length).to.be.within(15, 21);
    rest.break(false);
    await time.pass(3_000);
    expect(sentBetween(11_000, 13_000)).to.be.at.least(1_900);
  });

  describe('while the database takes long to answer', () => {
    for (const [answerMs, share] of [
      [300, 0.9],
      [600, 0.7],
      [1_000, 0.5],
    ] as const) {
      it(`keeps most of its pace, and exceeds it never: ${answerMs} ms`, async () => {
        const { time, process, send, sentBetween, worstSecond } = world(
          { perSecond: 50 },
          answerMs,
        );
        void send(process(), 5_000);
        await time.pass(35_000);
        // Of slices that begin when they are granted, next to nothing is left when they arrive.
        expect(sentBetween(5_000, 35_000)).to.be.at.least(30 * 50 * share);
        expect(worstSecond()).to.be.at.most(50 + 2);
      });
    }

    it('leaves a share to those whose answers are quick', async () => {
      const { time, process, send, sentBetween, worstSecond } = world();
      void send(process({ answerMs: 600 }), 50_000, { who: 'slow' });
      void send(process(), 50_000, { who: 'quick' });
      await time.pass(12_000);
      expect(sentBetween(2_000, 12_000)).to.be.at.least(7_000);
      expect(sentBetween(2_000, 12_000, 'quick')).to.be.at.least(1_500);
      expect(worstSecond()).to.be.at.most(1_000 + BUCKET_MS);
    });
  });

  describe('a changed pace', () => {
    it('holds within a fraction of a second', async () => {
      const { time, process, send, sentBetween } = world();
      const gate = process();
      void send(gate, 10_000);
      await time.pass(2_000);
      gate.setPace({ perSecond: 100 });
      await time.pass(3_000);
      expect(sentBetween(2_000, 3_000)).to.be.at.most(130);
      gate.setPace({ perSecond: 2_000 });
      await time.pass(3_000);
      expect(sentBetween(6_000, 7_000)).to.be.within(1_900, 2_020);
    });

    it('to none lets everybody go at once', async () => {
      const { time, process, send, sentBetween } = world();
      const gate = process();
      void send(gate, 10_000);
      await time.pass(1_000);
      gate.setPace(null);
      await time.pass(10);
      expect(sentBetween(0, 2_000)).to.equal(10_000);
    });
  });

  describe('its room', () => {
    it('is what leaves in about a second, once that is known', async () => {
      const { time, process, send } = world();
      const [one, other] = [process(), process()];
      void send(one, 20_000);
      void send(other, 20_000);
      await time.pass(4_000);
      const full = one.room('campaign') + 20_000;
      expect(full).to.be.at.least(20_000);
      expect(one.perSecond).to.be.within(350, 650);
    });

    it('does not shrink while each fetch takes long, and nobody waits meanwhile', async () => {
      const { time, process, send, sentBetween } = world({ perSecond: 100 });
      let isFetching = false;
      // A claim, and then a read of who is in.
      const fetch = (): void => {
        if (isFetching || !gate.wantsMore) return;
        isFetching = true;
        time.later(1_000, () => {
          isFetching = false;
          const some = gate.room('default');
          if (some > 0) void send(gate, some, { lane: 'default', readMs: 1_000 });
          fetch();
        });
      };
      const gate = process({ hasRoom: fetch });
      fetch();
      await time.pass(25_000);
      // A second's worth in a little more than two seconds. A quarter of it would leave 15 in a second.
      expect(sentBetween(5_000, 25_000)).to.be.at.least(20 * 35);
    });

    it('is never less than one device where nobody is in', () => {
      expect(world({ perSecond: 1 }).process().room('campaign')).to.equal(1);
    });

    it('ends for a campaign before it ends for a transactional push', () => {
      const gate = world().process();
      gate.enter(gate.room('campaign'), 'campaign');
      expect(gate.room('campaign')).to.equal(0);
      expect(gate.room('transactional')).to.be.above(0);
      expect(gate.isQuiet('transactional', 1)).to.equal(true);
      expect(gate.isQuiet('campaign', 1)).to.equal(false);
    });

    it('is told of when half of it is free again', async () => {
      let told = 0;
      const { time, process, send } = world();
      const gate = process({ hasRoom: () => (told += 1) });
      void send(gate, 3_000);
      await time.pass(2_000);
      expect([told, gate.wantsMore]).to.deep.equal([0, false]);
      await time.pass(700);
      expect(told).to.be.above(0);
      expect(gate.wantsMore).to.equal(true);
    });
  });
});
