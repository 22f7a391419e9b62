import { expect } from 'chai';
import { fewAtOnce } from './few-at-once.js';

const MOST = 4;

describe('asking for many things', () => {
  it('asks for a few at a time, and answers in the order of the items', async () => {
    const items = Array.from({ length: 30 }, (_, index) => index);
    let running = 0;
    let most = 0;
    const found = await fewAtOnce(items, async (item) => {
      running += 1;
      most = Math.max(most, running);
      // The later, the sooner.
      for (let turn = item; turn < items.length; turn += 1) await Promise.resolve();
      running -= 1;
      return `${item}`;
    });
    expect(found).to.deep.equal(items.map(String));
    expect(most).to.equal(MOST);
    expect(await fewAtOnce([], () => Promise.resolve(1))).to.deep.equal([]);
  });

  it('rejects with what went wrong', async () => {
    const asked = fewAtOnce([1, 2], (item) =>
      item === 2 ? Promise.reject(new Error('away')) : Promise.resolve(item),
    );
    expect(await asked.catch((error: Error) => error.message)).to.equal('away');
  });
});
