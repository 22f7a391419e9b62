import { expect } from 'chai';
import { createBulkhead } from './bulkhead.js';

/** Three large places, or 24 small ones, for each profile. */
const LIMITS = { devices: 3_000, batches: 24, largest: 1_000, unanswered: 10_000 };
const SICK = 'shop/fcm/default';
const OTHER = 'bank/apns/default';

const lane = () => {
  let freed = 0;
  const bulkhead = createBulkhead(LIMITS, () => void (freed += 1));
  const enter = (profile: string, devices: number, times = 1): void => {
    for (let time = 0; time < times; time += 1) bulkhead.enter(profile, devices);
  };
  /** As a vendor that does not answer: the batch leaves its place and is waited for outside. */
  const goSlow = (profile: string, devices: number): (() => Promise<void>) => {
    let answer = (): void => {};
    const done = new Promise<void>((resolve) => (answer = resolve));
    bulkhead.heard(profile, devices, devices);
    bulkhead.follow(profile, devices, done);
    bulkhead.leave(profile, devices);
    return async () => {
      answer();
      await done;
    };
  };
  return { bulkhead, enter, goSlow, freed: () => freed };
};

describe('the bulkhead', () => {
  it('keeps nobody out while a lane has room', () => {
    const { bulkhead, enter } = lane();
    expect(bulkhead.full()).to.deep.equal([]);
    enter(SICK, 1_000, 2);
    expect(bulkhead.full()).to.deep.equal([]);
  });

  it('keeps a profile out that holds as many devices as a lane is meant to send', () => {
    const { bulkhead, enter } = lane();
    enter(SICK, 1_000, 3);
    enter(OTHER, 1_000, 1);
    expect(bulkhead.full()).to.deep.equal([SICK]);
  });

  it('keeps a profile out that holds as many batches as a lane is meant to send', () => {
    const { bulkhead, enter } = lane();
    enter(SICK, 1, 23);
    expect(bulkhead.full()).to.deep.equal([]);
    enter(SICK, 1);
    expect(bulkhead.full()).to.deep.equal([SICK]);
  });

  it('says when somebody who was full may come in again', () => {
    const { bulkhead, enter, freed } = lane();
    enter(SICK, 1_000, 3);
    enter(OTHER, 1);
    bulkhead.leave(OTHER, 1);
    expect(freed()).to.equal(0);
    bulkhead.leave(SICK, 1_000);
    expect([freed(), bulkhead.full()]).to.deep.equal([1, []]);
  });

  context('with a vendor that is slow', () => {
    it('leaves it one place', () => {
      const { bulkhead, enter, goSlow } = lane();
      enter(SICK, 1_000, 2);
      goSlow(SICK, 1_000);
      expect(bulkhead.full()).to.deep.equal([SICK]);
      goSlow(SICK, 1_000);
      expect(bulkhead.full()).to.deep.equal([]);
      enter(SICK, 1, 8);
      expect(bulkhead.full()).to.deep.equal([SICK]);
    });

    it('gives it back all places once most of a batch is answered', () => {
      const { bulkhead, enter, goSlow } = lane();
      enter(SICK, 1_000, 3);
      goSlow(SICK, 1_000);
      bulkhead.heard(SICK, 1_000, 500);
      expect(bulkhead.full()).to.deep.equal([]);
    });

    it('leaves half of the lane to those who answer, however many are slow', () => {
      const { bulkhead, enter, goSlow } = lane();
      const slow = ['a', 'b', 'c', 'd'].map((app) => `${app}/fcm/default`);
      for (const profile of slow) {
        enter(profile, 10);
        goSlow(profile, 10);
      }
      enter(slow[0]!, 1_000);
      expect(bulkhead.full()).to.deep.equal([slow[0]]);
      enter(slow[1]!, 1_000);
      expect(bulkhead.full()).to.have.members(slow);
      enter(OTHER, 1_000);
      expect(bulkhead.full()).not.to.include(OTHER);
    });

    it('does not wait for more of it than half of what memory is meant for', async () => {
      const { bulkhead, enter, goSlow, freed } = lane();
      const answers = [];
      for (let batch = 0; batch < 5; batch += 1) {
        expect(bulkhead.full()).to.deep.equal([]);
        enter(SICK, 1_000);
        answers.push(goSlow(SICK, 1_000));
      }
      expect(bulkhead.full()).to.deep.equal([SICK]);
      const before = freed();
      await answers[0]!();
      expect(bulkhead.full()).to.deep.equal([]);
      expect(freed()).to.equal(before + 1);
    });

    it('keeps nobody out who has a few slow phones', () => {
      const { bulkhead, enter, goSlow } = lane();
      for (let batch = 0; batch < 5; batch += 1) {
        enter(SICK, 1_000);
        goSlow(SICK, 1_000);
      }
      enter(OTHER, 1_000);
      bulkhead.heard(OTHER, 1_000, 7);
      bulkhead.follow(OTHER, 7, new Promise(() => {}));
      expect(bulkhead.full()).to.deep.equal([SICK]);
    });

    it('forgets that it was slow when nothing of it is left', async () => {
      const { bulkhead, enter, goSlow } = lane();
      enter(SICK, 1_000);
      await goSlow(SICK, 1_000)();
      enter(SICK, 1_000);
      expect(bulkhead.full()).to.deep.equal([]);
    });
  });
});
