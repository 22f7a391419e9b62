import { expect } from 'chai';
import { createStragglers } from './stragglers.js';

/** Work that a test finishes by hand. */
const work = () => {
  let finish = (): void => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { done, finish: () => finish() };
};

describe('stragglers', () => {
  it('hold up nobody while they are few', async () => {
    const stragglers = createStragglers(10);
    const [first, second] = [work(), work()];
    await stragglers.follow(4, first.done);
    await stragglers.follow(6, second.done);
  });

  it('keep their slot once they are many, and only as long as they are', async () => {
    const stragglers = createStragglers(10);
    const [few, many] = [work(), work()];
    await stragglers.follow(4, few.done);
    const events: string[] = [];
    const held = stragglers.follow(7, many.done).then(() => events.push('free'));
    few.finish();
    await new Promise((resolve) => setImmediate(resolve));
    events.push('answered');
    many.finish();
    await held;
    expect(events).to.deep.equal(['answered', 'free']);
    await stragglers.follow(10, work().done);
  });
});
