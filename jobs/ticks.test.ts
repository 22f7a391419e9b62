import { expect } from 'chai';
import { until } from '../test/support/until.js';
import type { Log } from './parts.js';
import { createTicks, type Tick } from './ticks.js';

const logged = () => {
  const warnings: Record<string, unknown>[] = [];
  const log: Log = {
    debug: () => {},
    info: () => {},
    warn: (_message, fields = {}) => warnings.push(fields),
    error: () => {},
  };
  return { log, warnings };
};

/** A chore that lasts until `finish` is called. */
const longChore = (name: string) => {
  let begun = 0;
  let finish = (): void => {};
  const tick: Tick = {
    name,
    everyMs: 1,
    work: () => {
      begun += 1;
      return new Promise((resolve) => {
        finish = resolve;
      });
    },
  };
  return { tick, begun: () => begun, finish: () => finish() };
};
const quickChore = (name: string, work: () => Promise<void> = () => Promise.resolve()) => {
  let done = 0;
  const tick: Tick = {
    name,
    everyMs: 1,
    work: () => {
      done += 1;
      return work();
    },
  };
  return { tick, done: () => done };
};

describe('ticks', () => {
  it('do their chores again and again, once they are started', async () => {
    const { tick, done } = quickChore('beat');
    const ticks = createTicks(logged().log, [tick]);
    expect(done()).to.equal(0);
    ticks.start();
    await until('the chore was done three times', () => done() >= 3, { everyMs: 1 });
    await ticks.stop();
  });

  it('never do a chore twice at a time, and others do not wait for it', async () => {
    const slow = longChore('sweep');
    const quick = quickChore('beat');
    const ticks = createTicks(logged().log, [slow.tick, quick.tick]);
    ticks.start();
    await until('the quick chore was done five times', () => quick.done() >= 5, { everyMs: 1 });
    expect(slow.begun()).to.equal(1);
    slow.finish();
    await until('the slow chore began again', () => slow.begun() === 2, { everyMs: 1 });
    const stopped = ticks.stop();
    slow.finish();
    await stopped;
  });

  it('tell of a chore that failed, and do it again', async () => {
    const error = new Error('the database is away');
    const { tick, done } = quickChore('beat', () => Promise.reject(error));
    const { log, warnings } = logged();
    const ticks = createTicks(log, [tick]);
    ticks.start();
    await until('the chore failed twice', () => done() >= 2, { everyMs: 1 });
    await ticks.stop();
    expect(warnings[0]).to.deep.equal({ chore: 'beat', error });
    expect(warnings).to.have.length(done());
  });

  it('stop when what runs has finished, and begin nothing more', async () => {
    const slow = longChore('sweep');
    const quick = quickChore('beat');
    const ticks = createTicks(logged().log, [slow.tick, quick.tick]);
    ticks.start();
    await until('both have begun', () => slow.begun() + quick.done() >= 2, { everyMs: 1 });
    let hasStopped = false;
    const stopped = ticks.stop().then(() => {
      hasStopped = true;
    });
    const doneBefore = quick.done();
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasStopped).to.equal(false);
    slow.finish();
    await stopped;
    expect(slow.begun()).to.equal(1);
    expect(quick.done()).to.equal(doneBefore);
  });
});
