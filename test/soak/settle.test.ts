import { expect } from 'chai';
import { Disturbances } from './disturbances.js';
import { Fleet, makeToken, tokenOf } from './fleet.js';
import { pushJudge } from './settle.js';
import { type Entry, TaskBook } from './task-book.js';
import { Violations } from './violations.js';

const TOLD_AT_MS = 1_000_000;
const LATE_MS = 10_000;

const setting = () => {
  const book = new TaskBook();
  const violations = new Violations();
  const disturbances = new Disturbances();
  const fleet = new Fleet();
  const { device, situation } = fleet.make();
  fleet.giveToken(device, makeToken(device, situation));
  const entry: Entry = book.open({
    ...{ name: 't1', body: {}, isKeyed: true, ifUnsure: 'leave', isShort: false },
    isMeant: () => true,
  });
  const judge = pushJudge({ book, violations, disturbances }, fleet);
  const push = (afterMs: number, token = tokenOf(device)): string[] => {
    judge({ task: 't1', token, delivered: true, atMs: TOLD_AT_MS + afterMs });
    return violations.kept.map(({ promise }) => promise);
  };
  return { book, device, disturbances, entry, push };
};

describe('a push that arrives in a soak', () => {
  it('is right while nobody has said anything against it', () => {
    expect(setting().push(LATE_MS)).to.deep.equal([]);
  });

  it('may be on its way when its task is paused, and not much later', () => {
    const { entry, push } = setting();
    entry.quietSinceMs = TOLD_AT_MS;
    expect(push(900)).to.deep.equal([]);
    expect(push(LATE_MS)).to.deep.equal(['control within a second']);
  });

  it('may be on its way when consent is taken back, and not much later', () => {
    const { device, push } = setting();
    device.forbiddenSinceMs = TOLD_AT_MS;
    expect(push(1_900)).to.deep.equal([]);
    expect(push(LATE_MS)).to.deep.equal(['consent and erasure']);
  });

  it('may be late after a process stood still, but not for ever', () => {
    const { device, disturbances, push } = setting();
    device.forbiddenSinceMs = TOLD_AT_MS;
    disturbances.begin();
    expect(push(LATE_MS)).to.deep.equal(['consent and erasure']);
    const excused = setting();
    excused.device.forbiddenSinceMs = Date.now();
    excused.disturbances.begin();
    expect(excused.push(Date.now() - TOLD_AT_MS + LATE_MS)).to.deep.equal([]);
  });

  it('is wrong for a token that nobody has registered', () => {
    expect(setting().push(0, 'somebody')).to.deep.equal(['strangers']);
  });

  it('is wrong when its task has been settled', () => {
    const { book, entry, push } = setting();
    book.settle(entry);
    expect(push(0)).to.deep.equal(['what has ended has ended']);
  });
});
