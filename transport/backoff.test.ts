import { expect } from 'chai';
import { Backoff } from './backoff.js';
import { TransportError } from './transport.js';

const FAULT = new TransportError('connect', 'Nobody there', false);

describe('the pause after failures to connect', () => {
  const backoff = (): { pauseMs: () => number; pauses: Backoff } => {
    let nowMs = 1_000;
    const pauses = new Backoff({ firstBackoffMs: 100, longestBackoffMs: 1_000 }, () => nowMs);
    return {
      pauses,
      pauseMs: () => {
        const startMs = nowMs;
        pauses.failed(FAULT);
        while (pauses.waitingOut) nowMs += 1;
        return nowMs - startMs;
      },
    };
  };

  it('doubles with each failure up to its bound, a little shortened by chance', () => {
    const { pauseMs } = backoff();
    for (const plannedMs of [100, 200, 400, 800, 1_000, 1_000]) {
      expect(pauseMs()).to.be.within(plannedMs * 0.75, plannedMs + 1);
    }
  });

  it('begins anew after a success', () => {
    const { pauses, pauseMs } = backoff();
    pauseMs();
    pauseMs();
    pauses.succeeded();
    expect(pauseMs()).to.be.at.most(101);
  });

  it('remembers the failure for as long as it lasts', () => {
    const { pauses } = backoff();
    expect(pauses.waitingOut).to.equal(undefined);
    pauses.failed(FAULT);
    expect(pauses.waitingOut).to.equal(FAULT);
  });
});
