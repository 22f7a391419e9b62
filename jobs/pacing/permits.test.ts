import { expect } from 'chai';
import { permitsOf } from './permits.js';

const never = new AbortController().signal;

/** A gate that lets through what it is told, and notes what it was asked for. */
const lot = (...through: number[]) => {
  const asked: number[] = [];
  return {
    asked,
    take: async (most: number) => {
      asked.push(most);
      return Math.min(most, through.shift() ?? 0);
    },
    leave: () => undefined,
  };
};

describe('permits', () => {
  it('are all there are where no gate stands', async () => {
    expect(await permitsOf([])(1_000, never)).to.equal(1_000);
  });

  it('of two gates are those of the second, and what waits between them is not lost', async () => {
    const [first, second] = [lot(10, 10), lot(4, 5, 5)];
    const permits = permitsOf([first, second]);
    const taken = [await permits(30, never), await permits(26, never), await permits(21, never)];
    expect(taken).to.deep.equal([4, 5, 1]);
    expect(first.asked).to.deep.equal([30]);
    expect(second.asked).to.deep.equal([10, 6, 1]);
    await permits(20, never);
    expect(first.asked).to.deep.equal([30, 20]);
  });

  it('end with the first gate that lets nobody through', async () => {
    const [first, second] = [lot(0), lot(5)];
    expect(await permitsOf([first, second])(5, never)).to.equal(0);
    expect(second.asked).to.deep.equal([]);
  });
});
