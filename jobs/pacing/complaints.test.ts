import { expect } from 'chai';
import { createComplaints } from './complaints.js';

describe('complaints about the rate', () => {
  const heard = (perSecond: number) => {
    const told: string[] = [];
    let nowMs = 0;
    const complaints = createComplaints(
      () => nowMs,
      (key) => told.push(key),
    );
    return {
      told,
      complain: (times: number, atMs: number, key = 'shop/fcm/default'): void => {
        nowMs = atMs;
        for (let time = 0; time < times; time += 1) complaints.heard(key, perSecond);
      },
    };
  };

  it('are enough once a second, however many there are', () => {
    const { told, complain } = heard(100);
    complain(50, 0);
    complain(50, 999);
    expect(told).to.have.length(1);
    complain(50, 1_000);
    expect(told).to.have.length(2);
  });

  it('of one phone in a thousand are not enough', () => {
    const { told, complain } = heard(1_000);
    for (let second = 0; second < 10; second += 1) complain(1, second * 1_000);
    expect(told).to.deep.equal([]);
    complain(10, 10_000);
    expect(told).to.have.length(1);
  });

  it('about a profile that sends almost nothing are enough at once', () => {
    const { told, complain } = heard(0);
    complain(1, 0);
    expect(told).to.have.length(1);
  });

  it('are counted for each profile', () => {
    const { told, complain } = heard(100);
    complain(1, 0, 'one');
    complain(1, 0, 'other');
    expect(told).to.deep.equal(['one', 'other']);
  });
});
