import { expect } from 'chai';
import { until } from '../../test/support/transports.js';
import { DeadlineWheel, type Timed } from './deadline-wheel.js';

interface Entry extends Timed {
  readonly delayMs: number;
  expiredAtMs: number | undefined;
}

const entryOf = (delayMs: number, onExpire?: () => void): Entry => ({
  deadlineTick: -1,
  earlier: undefined,
  later: undefined,
  delayMs,
  expiredAtMs: undefined,
  expire() {
    this.expiredAtMs = performance.now();
    onExpire?.();
  },
});

describe('the wheel of deadlines', () => {
  it('never rings too early, whatever the order in which deadlines were added', async () => {
    const wheel = new DeadlineWheel();
    const entries = [60, 5, 30, 0, 90, 30, 7, 45].map((delayMs) => entryOf(delayMs));
    const addedAtMs = performance.now();
    for (const entry of entries) wheel.add(entry, entry.delayMs);
    await until(() => entries.every(({ expiredAtMs }) => expiredAtMs !== undefined));
    for (const { delayMs, expiredAtMs } of entries) {
      expect((expiredAtMs ?? 0) - addedAtMs).to.be.at.least(delayMs);
    }
  });

  it('does not ring for what was removed, nor for what is a whole turn away', async () => {
    const wheel = new DeadlineWheel();
    const [removed, sentinel] = [entryOf(10), entryOf(40)];
    // Ticks of 8 ms and 2,048 slots: it stands in a slot that is looked at together with the others.
    const far = entryOf(2_048 * 8 + 20);
    for (const entry of [removed, far, sentinel]) wheel.add(entry, entry.delayMs);
    wheel.remove(removed);
    wheel.remove(removed);
    await until(() => sentinel.expiredAtMs !== undefined);
    expect([removed.expiredAtMs, far.expiredAtMs]).to.deep.equal([undefined, undefined]);
    wheel.remove(far);
  });

  it('takes new deadlines, and drops others, while it rings', async () => {
    const wheel = new DeadlineWheel();
    const dropped = entryOf(20);
    const added = entryOf(10);
    const first = entryOf(20, () => {
      wheel.remove(dropped);
      wheel.add(added, added.delayMs);
    });
    const late = entryOf(40);
    // The latest to be added to a slot rings first.
    for (const entry of [late, dropped, first]) wheel.add(entry, entry.delayMs);
    await until(() => added.expiredAtMs !== undefined && late.expiredAtMs !== undefined);
    expect(dropped.expiredAtMs).to.equal(undefined);
  });
});
