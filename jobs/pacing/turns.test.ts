import { expect } from 'chai';
import { createTurns } from './turns.js';

describe('turns', () => {
  it('keep the batches of a task in their order', () => {
    const turns = createTurns();
    const places = Array.from({ length: 5 }, () => turns.next('big', 1_000, 500));
    expect(places).to.deep.equal([1_000, 1_500, 2_000, 2_500, 3_000]);
  });

  it('put a small task that comes later among the batches of a big one, not behind them', () => {
    const turns = createTurns();
    const places = Array.from({ length: 100 }, () => turns.next('big', 0, 1_000));
    const later = turns.next('small', 2_500, 10);
    expect(places.filter((place) => place < later)).to.have.length(3);
  });

  it('forget tasks whose turns are over', () => {
    const turns = createTurns();
    for (let nth = 0; nth < 5_000; nth += 1) turns.next(`task ${nth}`, nth, 1);
    expect(turns.next('task 0', 5_000, 1)).to.equal(5_000);
  });
});
