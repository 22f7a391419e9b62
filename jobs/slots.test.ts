import { expect } from 'chai';
import { until } from '../test/support/until.js';
import { createSlots } from './slots.js';

interface Piece {
  readonly size: number;
  end(): void;
}

describe('slots', () => {
  const LIMITS = { capacity: 30, largest: 10, slots: 5 };

  /** A queue of pieces that run until the test ends them. */
  const bench = (sizes: number[], limits = LIMITS) => {
    const queue = [...sizes];
    const running: Piece[] = [];
    let most = 0;
    const slots = createSlots<number>(limits, {
      async claim() {
        return queue.shift() ?? null;
      },
      sizeOf: (size) => size,
      run: (size) =>
        new Promise<void>((resolve) => {
          const piece = {
            size,
            end: () => {
              running.splice(running.indexOf(piece), 1);
              resolve();
            },
          };
          running.push(piece);
          most = Math.max(
            most,
            running.reduce((sum, one) => sum + one.size, 0),
          );
        }),
      failed: (error) => {
        throw error;
      },
    });
    const endAll = async (): Promise<void> => {
      while (slots.running) {
        for (const piece of [...running]) piece.end();
        await new Promise(setImmediate);
      }
    };
    return { slots, queue, running, endAll, most: () => most };
  };

  it('never run more at a time than their capacity', async () => {
    const { slots, running, endAll, most } = bench([10, 10, 10, 10, 10]);
    slots.wake();
    await until('three run', () => running.length === 3);
    await endAll();
    expect(most()).to.equal(30);
    expect(slots.running).to.equal(false);
  });

  it('run many small pieces at a time, up to their number', async () => {
    const { slots, running, endAll } = bench([1, 1, 1, 1, 1, 1, 1, 1]);
    slots.wake();
    await until('five run', () => running.length === 5);
    await endAll();
  });

  it('begin a new piece while another takes long', async () => {
    const { slots, queue, running, endAll } = bench([10]);
    slots.wake();
    await until('one runs', () => running.length === 1);
    queue.push(3);
    slots.wake();
    await until('the other runs beside it', () => running.length === 2);
    await endAll();
  });

  it('look again when they are woken while they look', async () => {
    const { slots, queue, running, endAll } = bench([], { ...LIMITS, slots: 1 });
    slots.wake();
    slots.wake();
    queue.push(1);
    await until('it runs', () => running.length === 1);
    await endAll();
  });

  it('claim nothing more once they are stopped', async () => {
    const { slots, queue, running, endAll } = bench([10], { ...LIMITS, slots: 1 });
    slots.wake();
    await until('one runs', () => running.length === 1);
    queue.push(1);
    slots.stop();
    await endAll();
    slots.wake();
    await slots.idle();
    expect(queue).to.deep.equal([1]);
  });

  it('tell of a claim that fails, and begin anew at the next wake', async () => {
    const failures: unknown[] = [];
    const ran: number[] = [];
    const queue = [1];
    let isAway = true;
    const slots = createSlots<number>(LIMITS, {
      async claim() {
        if (isAway) throw new Error('away');
        return queue.shift() ?? null;
      },
      sizeOf: (size) => size,
      run: async (piece) => {
        ran.push(piece);
      },
      failed: (error) => failures.push(error),
    });
    slots.wake();
    await slots.idle();
    expect(failures).to.have.length(1);
    isAway = false;
    slots.wake();
    await slots.idle();
    expect(ran).to.deep.equal([1]);
  });
});
