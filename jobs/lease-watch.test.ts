import { expect } from 'chai';
import { Types } from 'mongoose';
import { plannedBatchId } from '../models/batch.js';
import type { SeenLease } from '../models/lease.js';
import { createObserver } from './lease-watch.js';

const LEASE_MS = 15_000;
const WATCH_MS = 2_500;
const LONGEST_GAP_MS = 3 * WATCH_MS;

const BATCH = plannedBatchId(new Types.ObjectId(), 0);
const lease = (change: { beat?: number; fence?: number } = {}): SeenLease => ({
  kind: 'batch',
  _id: BATCH,
  beat: 1,
  fence: 1,
  ...change,
});

/** Looks at the same pace as the watch; the leases of each look come from `at`. */
const watch = (startMs = 0) => {
  const observer = createObserver(LEASE_MS, LONGEST_GAP_MS);
  let nowMs = startMs;
  return {
    look: (leases: readonly SeenLease[], afterMs = WATCH_MS): SeenLease[] => {
      nowMs += afterMs;
      return observer.look(leases, nowMs);
    },
    /** Dead leases of each look until `forMs` have passed. */
    lookFor(forMs: number, leaseAt: (look: number) => SeenLease): number[] {
      return Array.from(
        { length: forMs / WATCH_MS },
        (_, look) => this.look([leaseAt(look)]).length,
      );
    },
  };
};
const NONE_DEAD = [0, 0, 0, 0, 0, 0];

describe('the observer of leases', () => {
  it('finds a lease dead once it has seen it unchanged for the whole time, and not before', () => {
    const { look } = watch();
    expect(look([lease()])).to.deep.equal([]);
    for (let seenMs = WATCH_MS; seenMs < LEASE_MS; seenMs += WATCH_MS) {
      expect(look([lease()])).to.deep.equal([]);
    }
    expect(look([lease()])).to.deep.equal([lease()]);
  });

  it('does not believe that a lease is old because it is new to it', () => {
    const { look } = watch(1_000_000_000);
    expect(look([lease({ beat: 7_000 })])).to.deep.equal([]);
  });

  it('begins anew with each beat', () => {
    const watching = watch();
    expect(watching.lookFor(10 * LEASE_MS, (nth) => lease({ beat: nth })).some(Boolean)).to.equal(
      false,
    );
    expect(watching.lookFor(LEASE_MS, () => lease({ beat: 999 }))).to.deep.equal(NONE_DEAD);
    expect(watching.look([lease({ beat: 999 })])).to.have.length(1);
  });

  it('begins anew when somebody else has taken it', () => {
    const watching = watch();
    watching.lookFor(LEASE_MS, () => lease());
    expect(watching.lookFor(LEASE_MS, () => lease({ fence: 2 }))).to.deep.equal(NONE_DEAD);
    expect(watching.look([lease({ fence: 2 })])).to.have.length(1);
  });

  it('does not count time in which nobody watched', () => {
    const watching = watch();
    watching.lookFor(LEASE_MS, () => lease());
    expect(watching.look([lease()], 60 * LEASE_MS)).to.deep.equal([]);
    expect(watching.lookFor(LEASE_MS - WATCH_MS, () => lease()).some(Boolean)).to.equal(false);
    expect(watching.look([lease()])).to.have.length(1);
  });

  it('counts a look that came somewhat late', () => {
    const watching = watch();
    watching.look([lease()]);
    expect(watching.look([lease()], LONGEST_GAP_MS)).to.deep.equal([]);
    expect(watching.look([lease()], LONGEST_GAP_MS)).to.have.length(1);
  });

  it('forgets a lease that was given back, and begins anew when it is held again', () => {
    const watching = watch();
    watching.lookFor(LEASE_MS, () => lease());
    expect(watching.look([])).to.deep.equal([]);
    expect(watching.lookFor(LEASE_MS, () => lease())).to.deep.equal(NONE_DEAD);
  });

  it('tells leases apart', () => {
    const observer = createObserver(LEASE_MS, Number.POSITIVE_INFINITY);
    const task: SeenLease = { kind: 'task', _id: new Types.ObjectId(), beat: 1, fence: 1 };
    const other = { ...lease(), _id: plannedBatchId(new Types.ObjectId(), 1) } as SeenLease;
    observer.look([lease(), task], 0);
    observer.look([lease(), task, other], LEASE_MS / 2);
    const dead = observer.look([lease(), { ...task, beat: 2 }, other], LEASE_MS);
    expect(dead).to.deep.equal([lease()]);
  });
});
