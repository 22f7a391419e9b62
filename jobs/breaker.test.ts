import { expect } from 'chai';
import { type BreakerState, createBreaker } from './breaker.js';

const PROFILE = 'shop/fcm/default';
const FIRST_REST_MS = 5_000;
const LONGEST_REST_MS = 300_000;

const watched = () => {
  let nowMs = 1_000;
  const changes: BreakerState[] = [];
  const breaker = createBreaker(
    () => nowMs,
    (profile, state) => {
      expect(profile).to.equal(PROFILE);
      changes.push(state);
    },
  );
  return {
    breaker,
    changes,
    pass: (ms: number): void => {
      nowMs += ms;
    },
    /** Waits as it is told, and asks again. */
    probe: (): void => {
      nowMs += breaker.waitMs(PROFILE);
      expect(breaker.waitMs(PROFILE)).to.equal(0);
    },
  };
};

describe('the breaker', () => {
  it('lets everybody through while nothing is wrong', () => {
    const { breaker, changes } = watched();
    breaker.succeeded(PROFILE);
    breaker.undecided(PROFILE);
    expect(breaker.waitMs(PROFILE)).to.equal(0);
    expect(breaker.waitMs(PROFILE)).to.equal(0);
    expect(breaker.state(PROFILE)).to.deep.equal({ state: 'closed' });
    expect(changes).to.deep.equal([]);
  });

  it('keeps everybody waiting after a refusal, and says why', () => {
    const { breaker, pass } = watched();
    breaker.refused(PROFILE, 'key-revoked');
    expect(breaker.waitMs(PROFILE)).to.equal(FIRST_REST_MS);
    pass(FIRST_REST_MS - 1);
    expect(breaker.waitMs(PROFILE)).to.equal(1);
    expect(breaker.state(PROFILE)).to.deep.equal({ state: 'open', reason: 'key-revoked' });
  });

  it('leaves other profiles alone', () => {
    const { breaker } = watched();
    breaker.refused(PROFILE, 'key-revoked');
    expect(breaker.waitMs('shop/fcm/debug')).to.equal(0);
    expect(breaker.waitMs('bank/fcm/default')).to.equal(0);
  });

  it('lets one through after the rest, and nobody else until that one is answered', () => {
    const { breaker, probe } = watched();
    breaker.refused(PROFILE, 'key-revoked');
    probe();
    expect(breaker.waitMs(PROFILE)).to.be.above(0);
    expect(breaker.state(PROFILE).state).to.equal('half-open');
  });

  it('lets the next one ask when the probe brings no answer', () => {
    const { breaker, probe } = watched();
    breaker.refused(PROFILE, 'key-revoked');
    probe();
    breaker.undecided(PROFILE);
    expect(breaker.waitMs(PROFILE)).to.equal(0);
    expect(breaker.waitMs(PROFILE)).to.be.above(0);
  });

  it('closes with the first success', () => {
    const { breaker, changes, probe } = watched();
    breaker.refused(PROFILE, 'key-revoked');
    probe();
    breaker.succeeded(PROFILE);
    expect([1, 2, 3].map(() => breaker.waitMs(PROFILE))).to.deep.equal([0, 0, 0]);
    expect(changes).to.deep.equal(['open', 'half-open', 'closed']);
  });

  it('rests longer after each refused probe, up to a limit', () => {
    const { breaker, probe } = watched();
    const rests = Array.from({ length: 10 }, () => {
      breaker.refused(PROFILE, 'key-revoked');
      const restMs = breaker.waitMs(PROFILE);
      probe();
      return restMs;
    });
    expect(rests.slice(0, 4)).to.deep.equal([5_000, 10_000, 20_000, 40_000]);
    expect(rests.at(-1)).to.equal(LONGEST_REST_MS);
  });

  it('does not rest longer for batches that were on their way already', () => {
    const { breaker, changes, pass } = watched();
    breaker.refused(PROFILE, 'key-revoked');
    pass(1_000);
    breaker.refused(PROFILE, 'key-revoked');
    breaker.refused(PROFILE, 'key-revoked');
    expect(breaker.waitMs(PROFILE)).to.equal(FIRST_REST_MS - 1_000);
    expect(changes).to.deep.equal(['open']);
  });

  it('forgets everything when the settings change', () => {
    const { breaker, changes } = watched();
    breaker.refused(PROFILE, 'key-revoked');
    breaker.reset(PROFILE);
    expect(breaker.waitMs(PROFILE)).to.equal(0);
    breaker.refused(PROFILE, 'key-revoked');
    expect(breaker.waitMs(PROFILE)).to.equal(FIRST_REST_MS);
    expect(changes).to.deep.equal(['open', 'closed', 'open']);
  });
});
