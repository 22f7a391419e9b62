import { expect } from 'chai';
import type { Outcome } from '../adapters/adapter.js';
import { createStorms, type Sign, STORM_MS, STORM_PUSHES, signOf } from './storm.js';

const PROFILE = 'shop/fcm/default';
const accepted: Outcome = { kind: 'accepted' };
const busy: Outcome = { kind: 'try-later', reason: 'http-503', cause: 'vendor' };
const ofDevice: Outcome = { kind: 'try-later', reason: 'TooManyRequests', cause: 'device' };
const times = (count: number, outcome: Outcome): Outcome[] =>
  Array.from({ length: count }, () => outcome);

describe('what an outcome says about the vendor', () => {
  const rows: [Outcome, Sign][] = [
    [accepted, 'answered'],
    [{ kind: 'token-gone', reason: 'gone' }, 'answered'],
    [{ kind: 'message-refused', reason: 'title' }, 'answered'],
    [{ kind: 'message-refused', reason: 'template' }, 'ours'],
    [{ kind: 'account-refused', reason: 'key-revoked' }, 'refused'],
    [busy, 'unanswered'],
    [{ kind: 'try-later', reason: 'timeout', cause: 'vendor', mayHaveArrived: true }, 'unanswered'],
    [{ kind: 'try-later', reason: 'connect', cause: 'vendor' }, 'unanswered'],
    [{ kind: 'try-later', reason: 'credential-unavailable', cause: 'vendor' }, 'unanswered'],
    [{ kind: 'try-later', reason: 'unnamed' }, 'unanswered'],
    [ofDevice, 'answered'],
    [{ kind: 'try-later', reason: 'QUOTA_EXCEEDED', cause: 'rate' }, 'answered'],
    [
      { kind: 'try-later', reason: 'flow-control', cause: 'rate', mayHaveArrived: true },
      'unanswered',
    ],
    [{ kind: 'try-later', reason: 'aborted', cause: 'vendor', mayHaveArrived: true }, 'ours'],
    [{ kind: 'try-later', reason: 'closed', cause: 'vendor' }, 'ours'],
    [{ kind: 'try-later', reason: 'internal', cause: 'vendor' }, 'ours'],
    [{ kind: 'try-later', reason: 'adapter-broken', cause: 'vendor' }, 'ours'],
  ];
  for (const [outcome, sign] of rows) {
    const reason = 'reason' in outcome ? ` ${outcome.reason}` : '';
    it(`is ${sign} for ${outcome.kind}${reason}`, () => expect(signOf(outcome)).to.equal(sign));
  }
});

describe('a storm', () => {
  const weather = () => {
    let nowMs = 5_000;
    return {
      storms: createStorms(() => nowMs),
      now: () => nowMs,
      pass: (ms: number) => void (nowMs += ms),
    };
  };

  it('is many pushes in a row without an answer, over some time', () => {
    const { storms, now, pass } = weather();
    expect(storms.hear(PROFILE, times(STORM_PUSHES - 1, busy), now())).to.equal(null);
    pass(STORM_MS);
    expect(storms.hear(PROFILE, [busy], now())).to.deep.equal({
      pushes: STORM_PUSHES,
      code: 'http-503',
    });
  });

  it('is none while the trouble is too young: one broken connection takes many with it', () => {
    const { storms, now, pass } = weather();
    pass(STORM_MS - 1);
    expect(storms.hear(PROFILE, times(500, busy), now() - STORM_MS + 1)).to.equal(null);
  });

  it('is seen at once when the pushes have waited long themselves', () => {
    const { storms, now, pass } = weather();
    const sentAtMs = now();
    pass(30_000);
    expect(storms.hear(PROFILE, times(STORM_PUSHES, busy), sentAtMs)).not.to.equal(null);
  });

  it('is over with one answer, whatever it says', () => {
    const { storms, now, pass } = weather();
    storms.hear(PROFILE, times(STORM_PUSHES, busy), now());
    storms.hear(PROFILE, [ofDevice], now());
    pass(STORM_MS);
    expect(storms.hear(PROFILE, times(STORM_PUSHES - 1, busy), now())).to.equal(null);
  });

  it('is not made by ourselves', () => {
    const { storms, now, pass } = weather();
    const aborted: Outcome = { kind: 'try-later', reason: 'aborted', cause: 'vendor' };
    storms.hear(PROFILE, times(STORM_PUSHES, aborted), now());
    pass(STORM_MS);
    expect(storms.hear(PROFILE, times(STORM_PUSHES, aborted), now())).to.equal(null);
  });

  it('of one profile is no other profile’s', () => {
    const { storms, now, pass } = weather();
    storms.hear(PROFILE, times(STORM_PUSHES, busy), now());
    pass(STORM_MS);
    expect(storms.hear('bank/fcm/default', [busy], now())).to.equal(null);
  });
});
