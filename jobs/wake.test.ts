import { expect } from 'chai';
import { createDrain } from './wake.js';

/** Work that a test finishes by hand. */
const work = () => {
  const runs: { finish(): void; fail(error: Error): void }[] = [];
  const failures: unknown[] = [];
  const drain = createDrain(
    () =>
      new Promise<void>((resolve, reject) => {
        runs.push({ finish: resolve, fail: reject });
      }),
    (error) => failures.push(error),
  );
  const last = () => runs.at(-1)!;
  /** Lets everything happen that needs no more than a finished run. */
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { drain, runs, failures, last, turn };
};

describe('a drain', () => {
  it('starts to work when it is woken, and not before', async () => {
    const { drain, runs, last } = work();
    expect(runs).to.have.length(0);
    await drain.idle();
    drain.wake();
    expect(runs).to.have.length(1);
    expect(drain.running).to.equal(true);
    last().finish();
    await drain.idle();
    expect(drain.running).to.equal(false);
    expect(runs).to.have.length(1);
  });

  it('runs once more for any number of wakes while it runs, and never twice at a time', async () => {
    const { drain, runs, last, turn } = work();
    drain.wake();
    for (let wakes = 0; wakes < 100; wakes += 1) drain.wake();
    await turn();
    expect(runs).to.have.length(1);
    last().finish();
    await turn();
    expect(runs).to.have.length(2);
    last().finish();
    await drain.idle();
    expect(runs).to.have.length(2);
  });

  it('misses no wake that comes in the moment it finishes', async () => {
    const { drain, runs, last, turn } = work();
    drain.wake();
    last().finish();
    drain.wake();
    await turn();
    expect(runs).to.have.length(2);
    last().finish();
    await drain.idle();
    drain.wake();
    expect(runs).to.have.length(3);
    last().finish();
    await drain.idle();
  });

  it('is not idle while it runs once more', async () => {
    const { drain, runs, last, turn } = work();
    drain.wake();
    let isIdle = false;
    const idle = drain.idle().then(() => {
      isIdle = true;
    });
    drain.wake();
    last().finish();
    await turn();
    expect(runs).to.have.length(2);
    expect(isIdle).to.equal(false);
    last().finish();
    await idle;
  });

  it('tells of a failure and works again when it is woken', async () => {
    const { drain, runs, failures, last } = work();
    const error = new Error('the database is away');
    drain.wake();
    last().fail(error);
    await drain.idle();
    expect(failures).to.deep.equal([error]);
    drain.wake();
    last().finish();
    await drain.idle();
    expect(runs).to.have.length(2);
    expect(failures).to.have.length(1);
  });

  it('runs once more after a failure when it was woken meanwhile', async () => {
    const { drain, runs, last, turn } = work();
    drain.wake();
    drain.wake();
    last().fail(new Error('the database is away'));
    await turn();
    expect(runs).to.have.length(2);
    last().finish();
    await drain.idle();
  });
});
