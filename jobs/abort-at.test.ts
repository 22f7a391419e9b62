import { expect } from 'chai';
import { abortAt } from './abort-at.js';

describe('a signal with a time', () => {
  it('is aborted at its time, and not earlier', async () => {
    const atMs = performance.now() + 30;
    const timed = abortAt(atMs, new AbortController().signal);
    expect(timed.signal.aborted).to.equal(false);
    await timed.aborted;
    expect(performance.now()).to.be.at.least(atMs);
    expect(timed.signal.aborted).to.equal(true);
  });

  it('is aborted with the other signal, whenever that was', async () => {
    const before = new AbortController();
    before.abort();
    expect(abortAt(undefined, before.signal).signal.aborted).to.equal(true);
    const later = new AbortController();
    const timed = abortAt(performance.now() + 60_000, later.signal);
    later.abort();
    await timed.aborted;
    expect(timed.signal.aborted).to.equal(true);
    timed.release();
  });

  it('leaves neither timer nor listener behind', async () => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const controller = new AbortController();
    const before = timers();
    const timed = abortAt(performance.now() + 60_000, controller.signal);
    expect(timers()).to.equal(before + 1);
    timed.release();
    expect(timers()).to.equal(before);
    controller.abort();
    expect(timed.signal.aborted).to.equal(false);
  });
});
