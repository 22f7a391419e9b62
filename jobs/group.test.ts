import { expect } from 'chai';
import { createGroup } from './group.js';

/** A promise and the hand that settles it. */
const gate = (): { passed: Promise<void>; open(): void } => {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
};

describe('a group', () => {
  it('does in one go what is asked for in one turn of the event loop', async () => {
    const goes: number[][] = [];
    const double = createGroup<number, number>({
      together: async (items) => {
        goes.push([...items]);
        return items.map((item) => 2 * item);
      },
      alone: () => Promise.reject(new Error('Nobody is alone')),
      most: 10,
      atOnce: 1,
    });
    expect(await Promise.all([double(1), double(2), double(3)])).to.deep.equal([2, 4, 6]);
    expect(goes).to.deep.equal([[1, 2, 3]]);
  });

  it('does what has no company alone', async () => {
    const double = createGroup<number, number>({
      together: () => Promise.reject(new Error('There is no company')),
      alone: async (item) => 2 * item,
      most: 10,
      atOnce: 1,
    });
    expect(await double(4)).to.equal(8);
  });

  it('gathers while earlier goes run, and never more than it may', async () => {
    const first = gate();
    const goes: number[][] = [];
    const ask = createGroup<number, void>({
      together: async (items) => {
        goes.push([...items]);
        return items.map(() => undefined);
      },
      alone: async (item) => {
        goes.push([item]);
        if (item === 0) await first.passed;
      },
      most: 2,
      atOnce: 1,
    });
    const slow = ask(0);
    await new Promise((resolve) => setImmediate(resolve));
    const others = [1, 2, 3].map(ask);
    await new Promise((resolve) => setImmediate(resolve));
    expect(goes).to.deep.equal([[0]]);
    first.open();
    await Promise.all([slow, ...others]);
    expect(goes).to.deep.equal([[0], [1, 2], [3]]);
  });

  it('waits for company as long as it is told', async () => {
    const goes: number[][] = [];
    const ask = createGroup<number, void>({
      together: async (items) => {
        goes.push([...items]);
        return items.map(() => undefined);
      },
      alone: () => Promise.reject(new Error('Nobody is alone')),
      most: 10,
      atOnce: 8,
      // Longer than a busy machine takes for two turns.
      gatherMs: 1_000,
    });
    const first = ask(1);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, ask(2)]);
    expect(goes).to.deep.equal([[1, 2]]);
  });

  it('waits for nobody when it is full', async () => {
    const goes: number[][] = [];
    const ask = createGroup<number, void>({
      together: async (items) => {
        goes.push([...items]);
        return items.map(() => undefined);
      },
      alone: async () => expect.fail('nobody is alone'),
      most: 2,
      atOnce: 1,
      gatherMs: 1_000_000,
    });
    await Promise.all([ask(1), ask(2)]);
    expect(goes).to.deep.equal([[1, 2]]);
  });

  it('lets only the one fail that spoils a group', async () => {
    const refuse = (item: number): void => {
      if (item === 2) throw new Error('Not two');
    };
    const ask = createGroup<number, string>({
      together: async (items) => {
        items.forEach(refuse);
        return items.map(String);
      },
      alone: async (item) => {
        refuse(item);
        return `${item} alone`;
      },
      most: 10,
      atOnce: 1,
    });
    const [one, two, three] = await Promise.allSettled([ask(1), ask(2), ask(3)]);
    expect(
      [one, three].map((settled) => settled?.status === 'fulfilled' && settled.value),
    ).to.deep.equal(['1 alone', '3 alone']);
    expect(two).to.have.property('status', 'rejected');
  });

  it('does not take too few answers for all', async () => {
    const ask = createGroup<number, string>({
      together: async () => ['only one'],
      alone: async (item) => `${item} alone`,
      most: 10,
      atOnce: 1,
    });
    expect(await Promise.all([ask(1), ask(2)])).to.deep.equal(['1 alone', '2 alone']);
  });
});
