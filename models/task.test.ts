import { expect } from 'chai';
import { Types } from 'mongoose';
import { newTaskId } from './task.js';

describe('newTaskId', () => {
  it('has twelve bytes', () => {
    expect(newTaskId()).to.be.instanceOf(Types.ObjectId);
    expect(newTaskId().id).to.have.length(12);
  });

  it('is never the same twice', () => {
    const ids = Array.from({ length: 10_000 }, () => newTaskId().toHexString());
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('differs even where the random beginning is the same', () => {
    const tails = Array.from({ length: 10_000 }, () => newTaskId().toHexString().slice(4));
    expect(new Set(tails).size).to.equal(tails.length);
  });

  it('begins anywhere, so that a ranged shard key spreads tasks', () => {
    const slices = new Array<number>(16).fill(0);
    for (let made = 0; made < 16_000; made += 1) {
      const slice = newTaskId().id[0]! >> 4;
      slices[slice] = slices[slice]! + 1;
    }
    for (const tasks of slices) expect(tasks).to.be.within(700, 1_300);
  });

  it('does not grow with time', () => {
    const ids = Array.from({ length: 200 }, () => newTaskId().toHexString());
    expect(ids).not.to.deep.equal([...ids].sort());
  });
});
