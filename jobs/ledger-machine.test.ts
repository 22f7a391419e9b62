import { expect } from 'chai';
import fc from 'fast-check';
import type { Outcome } from '../adapters/adapter.js';
import { DELIVERY_STATES } from '../models/batch.js';
import { ledgerBalances, sumLedger } from '../models/ledger.js';
import { candidateOf, ModelTask } from '../test/support/ledger-model.js';
import { compareBooks } from './books/compare.js';

const outcome: fc.Arbitrary<Outcome | undefined> = fc.oneof(
  fc.constantFrom<Outcome | undefined>(
    undefined,
    { kind: 'accepted', messageId: 'm' },
    { kind: 'token-gone', reason: 'gone' },
    { kind: 'message-refused', reason: 'refused' },
    { kind: 'account-refused', reason: 'revoked' },
  ),
  fc.record({
    kind: fc.constant('try-later' as const),
    reason: fc.constantFrom('busy', 'a:b'),
    mayHaveArrived: fc.boolean(),
    cause: fc.constantFrom('device' as const, 'vendor' as const),
  }),
);

const pick = fc.nat(1_000);
const step = fc.oneof(
  fc.record({ do: fc.constant('plan' as const), count: fc.integer({ min: 1, max: 8 }) }),
  fc.record({
    do: fc.constantFrom('claim' as const, 'send' as const, 'kill' as const, 'expire' as const),
    pick,
  }),
  fc.record({
    do: fc.constant('report' as const),
    pick,
    outcomes: fc.array(outcome, { minLength: 1, maxLength: 6 }),
  }),
  fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const, 'finish' as const) }),
  // Seldom, for little happens after it.
  fc.record({ do: fc.constant('resume' as const) }),
  fc.nat(9).map((chance) => ({ do: chance === 0 ? ('cancel' as const) : ('finish' as const) })),
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

const take = (task: ModelTask, one: Step): void => {
  const of = <T>(from: readonly T[], at: number): T | undefined => from[at % from.length];
  switch (one.do) {
    case 'plan':
      task.plan(one.count);
      break;
    case 'claim': {
      const batch = of(task.inState('due'), one.pick);
      if (batch != null) task.claim(batch);
      break;
    }
    case 'send': {
      const batch = of(task.inState('claimed'), one.pick);
      if (batch != null) task.markSending(batch);
      break;
    }
    case 'report': {
      const batch = of(task.inState('sending'), one.pick);
      if (batch != null) task.report(batch, one.outcomes);
      break;
    }
    case 'kill': {
      const batch = of(task.inState('claimed', 'sending'), one.pick);
      if (batch != null) task.kill(batch);
      break;
    }
    case 'expire': {
      const batch = of(task.inState('due', 'held'), one.pick);
      if (batch != null) task.expire(batch);
      break;
    }
    case 'pause':
    case 'resume':
    case 'cancel':
    case 'finish':
      task[one.do]();
  }
};

/** Every device is in one place: not looked at yet, in one open batch, or in one row. */
const placesOf = (task: ModelTask): string[] =>
  [
    ...task.unplanned.map(({ id }) => id.toHexString()),
    ...task.inState('due', 'held', 'claimed', 'sending').flatMap((one) => task.devicesOf(one)),
    ...task.rows.keys(),
  ].sort();

const fleet = fc.array(
  fc.record({
    vendor: fc.constantFrom('fcm' as const, 'apns' as const),
    consents: fc.integer({ min: 0, max: 3 }).map((chance) => chance > 0),
  }),
  { minLength: 1, maxLength: 20 },
);
const steps = fc.array(step, { maxLength: 80 });
const ifUnsure = fc.constantFrom('resend' as const, 'leave' as const);

describe('the ledger as a state machine', function () {
  this.timeout(60_000);

  it('keeps every device in one of seven states, once, with sums that balance after every step', () => {
    fc.assert(
      fc.property(fleet, ifUnsure, steps, (devices, wish, taken) => {
        const task = new ModelTask(wish, devices.map(candidateOf));
        const all = placesOf(task);
        for (const one of taken) {
          const before = new Map(task.rows);
          take(task, one);
          expect(compareBooks(task.books())).to.deep.equal([]);
          expect(ledgerBalances(sumLedger(task.batches))).to.equal(true);
          expect(placesOf(task)).to.deep.equal(all);
          for (const { state } of task.rows.values()) expect(DELIVERY_STATES).to.include(state);
          // What has ended stays as it ended.
          for (const [device, row] of before) expect(task.rows.get(device)).to.equal(row);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('never says of a device that may have got the push that it did not', () => {
    fc.assert(
      fc.property(fleet, ifUnsure, steps, (devices, wish, taken) => {
        const task = new ModelTask(wish, devices.map(candidateOf));
        for (const one of taken) take(task, one);
        for (const [device, { state }] of task.rows) {
          const got = task.mayHaveGot.get(device) ?? 0;
          if (got > 0) expect(state).to.be.oneOf(['accepted', 'unknown']);
          else expect(state).not.to.equal('accepted');
        }
      }),
      { numRuns: 300 },
    );
  });

  it('lets nobody get a push twice when the caller asked for at most once', () => {
    fc.assert(
      fc.property(fleet, steps, (devices, taken) => {
        const task = new ModelTask('leave', devices.map(candidateOf));
        for (const one of taken) take(task, one);
        for (const times of task.mayHaveGot.values()) expect(times).to.equal(1);
      }),
      { numRuns: 300 },
    );
  });

  it('always comes to an end, with nobody pending, whatever happened before', () => {
    fc.assert(
      fc.property(fleet, ifUnsure, steps, (devices, wish, taken) => {
        const task = new ModelTask(wish, devices.map(candidateOf));
        for (const one of taken) take(task, one);
        task.resume();
        task.plan(devices.length);
        for (const batch of task.inState('claimed', 'sending')) task.kill(batch);
        for (const batch of task.inState('due', 'held')) task.expire(batch);
        task.finish();
        expect(task.state).to.be.oneOf(['done', 'cancelled']);
        const { sums } = task.books();
        expect(sums).to.include({ open: 0, pending: 0 });
        expect(task.rows.size).to.equal(sums.targeted);
        if (task.state === 'done') expect(task.rows.size).to.equal(devices.length);
      }),
      { numRuns: 300 },
    );
  });
});
