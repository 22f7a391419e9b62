import { expect } from 'chai';
import fc from 'fast-check';
import type { Outcome } from '../adapters/adapter.js';
import { DELIVERY_STATES } from '../models/batch.js';
import { type Consequence, consequence, endOf } from './consequence.js';

const SINCE = new Date('2026-01-01T00:00:00Z');

const LATER = { kind: 'try-later', reason: 'busy', afterMs: 7 } as const;
const MAYBE_ARRIVED = { ...LATER, mayHaveArrived: true } as const;
const again = (change: object): Consequence => ({
  kind: 'again',
  reason: 'busy',
  afterMs: 7,
  countsAsAttempt: false,
  maybe: false,
  opensBreaker: false,
  ...change,
});
const refusedAccount = (maybe: boolean): Consequence => ({
  kind: 'again',
  reason: 'key-revoked',
  afterMs: 0,
  countsAsAttempt: false,
  maybe,
  opensBreaker: true,
});
const goneToken = { kind: 'gone', reason: 'unregistered', ambiguous: false } as const;

/** What is due when it certainly has not arrived before, and when it may have; the same for both answers to `ifUnsure`. */
const ROWS: readonly [string, Outcome, sure: Consequence, maybe: Consequence][] = [
  [
    'accepted',
    { kind: 'accepted', messageId: 'm-1' },
    { kind: 'end', state: 'accepted', messageId: 'm-1' },
    { kind: 'end', state: 'accepted', messageId: 'm-1' },
  ],
  [
    'accepted without an id',
    { kind: 'accepted' },
    { kind: 'end', state: 'accepted' },
    { kind: 'end', state: 'accepted' },
  ],
  [
    'a token that is gone',
    { kind: 'token-gone', reason: 'unregistered' },
    { kind: 'end', state: 'failed', reason: 'unregistered', token: goneToken },
    { kind: 'end', state: 'unknown', reason: 'unregistered', token: goneToken },
  ],
  [
    'a token that is gone since a moment',
    { kind: 'token-gone', reason: 'unregistered', since: SINCE },
    { kind: 'end', state: 'failed', reason: 'unregistered', token: { ...goneToken, since: SINCE } },
    {
      kind: 'end',
      state: 'unknown',
      reason: 'unregistered',
      token: { ...goneToken, since: SINCE },
    },
  ],
  [
    'a token that only may be gone',
    { kind: 'token-gone', reason: 'unregistered', ambiguous: true },
    {
      kind: 'end',
      state: 'failed',
      reason: 'unregistered',
      token: { ...goneToken, ambiguous: true },
    },
    {
      kind: 'end',
      state: 'unknown',
      reason: 'unregistered',
      token: { ...goneToken, ambiguous: true },
    },
  ],
  [
    'a refused message',
    { kind: 'message-refused', reason: 'too-large', detail: 'in words' },
    { kind: 'end', state: 'failed', reason: 'too-large' },
    { kind: 'end', state: 'unknown', reason: 'too-large' },
  ],
  [
    'a refused account',
    { kind: 'account-refused', reason: 'key-revoked' },
    refusedAccount(false),
    refusedAccount(true),
  ],
  [
    'trouble of the device',
    { ...LATER, cause: 'device' },
    again({ countsAsAttempt: true }),
    again({ countsAsAttempt: true, maybe: true }),
  ],
  ['trouble of the vendor', { ...LATER, cause: 'vendor' }, again({}), again({ maybe: true })],
  ['trouble of nobody in particular', LATER, again({}), again({ maybe: true })],
  [
    'trouble without a floor',
    { kind: 'try-later', reason: 'busy' },
    again({ afterMs: 0 }),
    again({ afterMs: 0, maybe: true }),
  ],
];

const reason = fc.string({ minLength: 1 });
const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant({ kind: 'accepted' as const }),
  fc.record({ kind: fc.constant('token-gone' as const), reason, ambiguous: fc.boolean() }),
  fc.record({ kind: fc.constant('message-refused' as const), reason }),
  fc.record({ kind: fc.constant('account-refused' as const), reason }),
  fc.record(
    {
      kind: fc.constant('try-later' as const),
      reason,
      afterMs: fc.nat(),
      mayHaveArrived: fc.boolean(),
      cause: fc.constantFrom('device' as const, 'vendor' as const),
    },
    { requiredKeys: ['kind', 'reason'] },
  ),
);
const ifUnsure = fc.constantFrom('resend' as const, 'leave' as const);

describe('consequence', () => {
  for (const [name, outcome, sure, maybe] of ROWS) {
    for (const wish of ['resend', 'leave'] as const) {
      it(`of ${name}, with ${wish}`, () => {
        expect(consequence(outcome, { ifUnsure: wish, maybe: false })).to.deep.equal(sure);
      });
      it(`of ${name}, with ${wish}, for a device that may have got the push`, () => {
        expect(consequence(outcome, { ifUnsure: wish, maybe: true })).to.deep.equal(maybe);
      });
    }
  }

  context('when the push may have arrived', () => {
    for (const maybe of [false, true]) {
      for (const cause of ['device', 'vendor'] as const) {
        const outcome = { ...MAYBE_ARRIVED, cause };
        const before = maybe ? 'once more' : 'for the first time';

        it(`tries again with resend, and remembers it (${before}, trouble of the ${cause})`, () => {
          const countsAsAttempt = cause === 'device';
          expect(consequence(outcome, { ifUnsure: 'resend', maybe })).to.deep.equal(
            again({ maybe: true, countsAsAttempt }),
          );
        });

        it(`ends as unknown with leave (${before}, trouble of the ${cause})`, () => {
          expect(consequence(outcome, { ifUnsure: 'leave', maybe })).to.deep.equal({
            kind: 'end',
            state: 'unknown',
            reason: 'busy',
          });
        });
      }
    }
  });

  it('never lets a device that may have got the push end in a state that denies it', () => {
    fc.assert(
      fc.property(anyOutcome, ifUnsure, (outcome, wish) => {
        const result = consequence(outcome, { ifUnsure: wish, maybe: true });
        if (result.kind === 'end') expect(result.state).to.be.oneOf(['accepted', 'unknown']);
        else expect(result.maybe).to.equal(true);
      }),
    );
    for (const state of DELIVERY_STATES) {
      const ended = state === 'accepted' ? 'accepted' : 'unknown';
      expect(endOf(state, 'why', true)).to.deep.equal({ kind: 'end', state: ended, reason: 'why' });
      expect(endOf(state, undefined, false)).to.deep.equal({ kind: 'end', state });
    }
  });

  it('counts as an attempt nothing but trouble of the device', () => {
    fc.assert(
      fc.property(anyOutcome, ifUnsure, fc.boolean(), (outcome, wish, maybe) => {
        const result = consequence(outcome, { ifUnsure: wish, maybe });
        if (result.kind !== 'again' || !result.countsAsAttempt) return;
        expect(outcome).to.include({ kind: 'try-later', cause: 'device' });
      }),
    );
  });

  it('forgets no token and opens no breaker for any other outcome', () => {
    fc.assert(
      fc.property(anyOutcome, ifUnsure, fc.boolean(), (outcome, wish, maybe) => {
        const result = consequence(outcome, { ifUnsure: wish, maybe });
        expect('token' in result).to.equal(outcome.kind === 'token-gone');
        const opens = result.kind === 'again' && result.opensBreaker;
        expect(opens).to.equal(outcome.kind === 'account-refused');
      }),
    );
  });

  it('never tries again with leave what may have arrived', () => {
    fc.assert(
      fc.property(anyOutcome, (outcome) => {
        const result = consequence(outcome, { ifUnsure: 'leave', maybe: false });
        if (result.kind === 'again') expect(result.maybe).to.equal(false);
      }),
    );
  });
});
