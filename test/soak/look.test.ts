import { expect } from 'chai';
import { breaches, type LookedAt } from './look.js';

const look = (counts: Record<string, number>, change: Partial<LookedAt> = {}): LookedAt => ({
  id: 'task-1',
  state: 'sending',
  counts,
  byVendor: { fcm: counts },
  ...change,
});
const RIGHT = { targeted: 5, pending: 2, accepted: 3 };
const expectations = (task: LookedAt, before?: LookedAt): string[] =>
  breaches(task, before).map(([expected]) => expected);

describe('a look at a task', () => {
  it('has nothing against sums that are right, nor against progress', () => {
    expect(breaches(look({ targeted: 5, pending: 0, accepted: 5 }), look(RIGHT))).to.deep.equal([]);
  });

  it('finds sums that are wrong, in the task or in one vendor of it', () => {
    const wrong = { targeted: 5, pending: 2, accepted: 2 };
    const expected = 'targeted is the sum of all states';
    expect(expectations(look(wrong))).to.deep.equal([expected, expected]);
    expect(expectations(look(RIGHT, { byVendor: { fcm: wrong } }))).to.deep.equal([expected]);
  });

  it('finds a final state that has become less', () => {
    const later = look({ targeted: 5, pending: 3, accepted: 2 });
    expect(expectations(later, look(RIGHT))).to.deep.equal(['accepted never becomes less']);
  });

  it('finds a task that has failed', () => {
    expect(expectations(look(RIGHT, { state: 'failed' }))).to.deep.equal(['no task fails']);
  });
});
