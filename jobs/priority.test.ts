import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { createPriority, LARGE_PIECE, type Priority, SMALL_PIECE } from './priority.js';

const LONG_MS = 60_000;

describe('priority', () => {
  let nowMs = 0;
  const create = () => createPriority(() => nowMs);
  /** Asks for the turns of some pieces; the numbers of those that have had theirs. */
  const piecesOf = (priority: Priority, count: number): number[] => {
    const done: number[] = [];
    for (let number = 1; number <= count; number += 1) {
      void priority.giveWay().then(() => done.push(number));
    }
    return done;
  };
  const turns = async (count: number): Promise<void> => {
    for (let left = count; left > 0; left -= 1) await nextTurn();
  };

  it('lets one piece of large work run in a turn, in their order', async () => {
    const done = piecesOf(create(), 3);
    expect(done).to.deep.equal([]);
    const seen: number[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      await nextTurn();
      seen.push(done.length);
    }
    expect(done).to.deep.equal([1, 2, 3]);
    // Never two of them between two looks.
    const steps = seen.map((length, index) => length - (seen[index - 1] ?? 0));
    expect(Math.max(...steps)).to.equal(1);
  });

  it('lets none run while a push goes first, and all when the last such push has left', async () => {
    const priority = create();
    const ends = [priority.begin(), priority.begin()];
    const done = piecesOf(priority, 2);
    await turns(5);
    ends[0]?.();
    ends[0]?.();
    await turns(5);
    expect(done).to.deep.equal([]);
    ends[1]?.();
    await turns(5);
    expect(done).to.deep.equal([1, 2]);
  });

  it('stops again when the next push comes between two pieces', async () => {
    const priority = create();
    const done: number[] = [];
    let end: () => void = () => undefined;
    void priority.giveWay().then(() => {
      done.push(1);
      end = priority.begin();
    });
    void priority.giveWay().then(() => done.push(2));
    await turns(5);
    expect(done).to.deep.equal([1]);
    end();
    await turns(5);
    expect(done).to.deep.equal([1, 2]);
  });

  it('cuts smaller pieces for a while after each push that goes first', () => {
    nowMs = 0;
    const priority = create();
    expect(priority.pieceDevices).to.equal(LARGE_PIECE);
    priority.begin()();
    expect(priority.pieceDevices).to.equal(SMALL_PIECE);
    nowMs = 1_900;
    expect(priority.pieceDevices).to.equal(SMALL_PIECE);
    nowMs = 2_100;
    expect(priority.pieceDevices).to.equal(LARGE_PIECE);
  });

  it('goes on after a moment, however many pushes go first', async () => {
    const priority = create();
    const end = priority.begin();
    const waits = priority.giveWay();
    await turns(5);
    nowMs += LONG_MS;
    await waits;
    end();
  });
});
