import { expect } from 'chai';
import fc from 'fast-check';
import { type FoldFrom, foldEvents, type Step } from './fold-events.js';

const start = (ms: number): Step => ({
  start: { at: new Date(ms), dueAt: new Date(ms + 10), data: { ms: String(ms) } },
});
const cancel = (ms: number): Step => ({ cancel: { at: new Date(ms), by: 'over' } });

const NOTHING: FoldFrom<number> = { newest: {}, waits: undefined, begins: true };

const times = fc.array(fc.nat(20), { maxLength: 8 });

describe('Events of one account', () => {
  it('leave the same behind in whatever order and pieces they arrive', () => {
    const arrivals = fc.tuple(times, times).chain(([starts, cancels]) =>
      fc.shuffledSubarray([...starts.map(start), ...cancels.map(cancel)], {
        minLength: starts.length + cancels.length,
      }),
    );
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 1, max: 5 }), (steps, piece) => {
        let from = NOTHING;
        for (let first = 0; first < steps.length; first += piece) {
          const { newest, waits } = foldEvents(from, steps.slice(first, first + piece));
          from = { newest, waits, begins: true };
        }
        const newest = (kind: 'start' | 'cancel'): number =>
          Math.max(
            -1,
            ...steps.flatMap((step) => {
              if (kind === 'start') return 'start' in step ? step.start.at.getTime() : [];
              return 'cancel' in step ? step.cancel.at.getTime() : [];
            }),
          );
        // Of the newest start, unless something that cancels came with it or behind it.
        const expected = newest('start') > newest('cancel') ? newest('start') : undefined;
        expect(from.waits?.at.getTime()).to.equal(expected);
        if (expected != null) expect(from.waits?.data).to.deep.equal({ ms: String(expected) });
      }),
      { numRuns: 500 },
    );
  });

  it('go on with the entry that waits, and name the one that is cancelled', () => {
    const waits = { kept: 7, at: new Date(5), dueAt: new Date(15), data: {} };
    const before = { newest: { startedAt: new Date(5) }, waits, begins: true };
    expect(foldEvents(before, [start(8)]).waits).to.deep.include({ kept: 7, at: new Date(8) });
    const { waits: next, cancelled } = foldEvents(before, [start(9), cancel(8), start(10)]);
    expect(cancelled).to.deep.equal([{ wait: waits, by: 'over' }]);
    expect(next)
      .to.deep.include({ at: new Date(10) })
      .and.not.have.property('kept');
  });

  it('begin nothing in a pause, but postpone and cancel', () => {
    const paused = { ...NOTHING, begins: false };
    expect(foldEvents(paused, [start(5)]).waits).to.equal(undefined);
    const waits = { kept: 7, at: new Date(5), dueAt: new Date(15), data: {} };
    expect(foldEvents({ ...paused, waits }, [start(6)]).waits?.at).to.deep.equal(new Date(6));
    expect(foldEvents({ ...paused, waits }, [cancel(6)]).waits).to.equal(undefined);
  });

  it('do not begin once more what was sent, when the same is told again', () => {
    const sent = { newest: { startedAt: new Date(5) }, waits: undefined, begins: true };
    expect(foldEvents(sent, [start(5), start(4)]).waits).to.equal(undefined);
    expect(foldEvents(sent, [start(6)]).waits?.at).to.deep.equal(new Date(6));
  });
});
