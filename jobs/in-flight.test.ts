import { expect } from 'chai';
import { Types } from 'mongoose';
import { plannedBatchId } from '../models/batch.js';
import { createInFlight } from './in-flight.js';

const TASK = new Types.ObjectId();
const OTHER = new Types.ObjectId();
const batch = (task = TASK, sequence = 0) => plannedBatchId(task, sequence);

/** Whether a promise has resolved by now. */
const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol('pending');
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
};

describe('work in flight', () => {
  it('names what is held, until it is released', () => {
    const inFlight = createInFlight();
    const first = inFlight.hold(batch(), TASK);
    inFlight.hold(batch(TASK, 1), TASK);
    inFlight.holdTask(OTHER);
    expect(inFlight.held()).to.deep.equal({ batches: [batch(), batch(TASK, 1)], tasks: [OTHER] });
    expect(inFlight.tasks()).to.deep.equal([TASK.toHexString()]);
    first.release();
    first.release();
    expect(inFlight.held().batches).to.deep.equal([batch(TASK, 1)]);
  });

  it('keeps a batch alive that is held twice until both have released it', () => {
    const inFlight = createInFlight();
    const first = inFlight.hold(batch(), TASK);
    const second = inFlight.hold(batch(), TASK);
    first.release();
    expect(inFlight.held().batches).to.deep.equal([batch()]);
    second.release();
    expect(inFlight.held().batches).to.deep.equal([]);
  });

  it('tells which batch of a task was committed last, also before any of them is released', () => {
    const inFlight = createInFlight();
    const ids = [batch(), batch(TASK, 1), batch(OTHER)] as const;
    const [first, second] = ids.map((id, index) => inFlight.hold(id, index < 2 ? TASK : OTHER));
    expect(inFlight.committed(ids[0])).to.equal(false);
    expect(inFlight.committed(ids[1])).to.equal(true);
    expect(inFlight.committed(ids[2])).to.equal(true);
    first?.release();
    second?.release();
    // Nobody holds it any more: then somebody has to ask.
    expect(inFlight.committed(ids[0])).to.equal(true);
  });

  it('aborts the batches of one task and of no other', () => {
    const inFlight = createInFlight();
    const some = [inFlight.hold(batch(), TASK), inFlight.hold(batch(TASK, 1), TASK)];
    const other = inFlight.hold(batch(OTHER), OTHER);
    inFlight.abortTask(TASK.toHexString());
    expect(some.map(({ signal }) => signal.aborted)).to.deep.equal([true, true]);
    expect(other.signal.aborted).to.equal(false);
    inFlight.abortAll();
    expect(other.signal.aborted).to.equal(true);
  });

  it('still holds what was aborted: its lease lives until the report', () => {
    const inFlight = createInFlight();
    inFlight.hold(batch(), TASK).abort();
    expect(inFlight.held().batches).to.deep.equal([batch()]);
  });

  it('is idle when neither a batch nor a task is held', async () => {
    const inFlight = createInFlight();
    await inFlight.idle();
    const sending = inFlight.hold(batch(), TASK);
    const planning = inFlight.holdTask(OTHER);
    const both = [inFlight.idle(), inFlight.idle()];
    sending.release();
    expect(await Promise.all(both.map(settled))).to.deep.equal([false, false]);
    planning.release();
    await Promise.all(both);
  });
});
