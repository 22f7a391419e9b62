/** The verdict finds each kind of breach: a soak that could not fail would prove nothing. */
import { expect } from 'chai';
import { Fleet, makeToken, type Situation, type SoakDevice, tokenOf } from './fleet.js';
import type { Entry } from './task-book.js';
import type { TaskPlan } from './task-plan.js';
import { judge } from './verdict.js';
import { DOUBLED, LOST } from './violations.js';
import type { Got } from './witness.js';

const ASKED_AT_MS = 1_000;
const ENDED_AT_MS = 2_000;
const ONCE: Got = { received: 1, delivered: 1, shown: 1 };
const NEVER: Got = { received: 0, delivered: 0, shown: 0 };

const fleetOf = (change: Partial<Situation> = {}): { fleet: Fleet; device: SoakDevice } => {
  const fleet = new Fleet();
  const { device } = fleet.make();
  const situation = { consents: true, isLive: true, isErased: false, ...change };
  fleet.giveToken(device, makeToken(device, situation));
  fleet.giveId(device, 'id-0');
  device.changes.push({ ...situation, askedAtMs: 0, answeredAtMs: 1 });
  return { fleet, device };
};

const planOf = (change: Partial<TaskPlan> = {}): TaskPlan => ({
  name: 't1',
  body: {},
  isKeyed: true,
  ifUnsure: 'resend',
  isShort: false,
  isMeant: () => true,
  ...change,
});

const entryOf = (states: readonly string[], change: Partial<Entry> = {}): Entry => {
  const counts: Record<string, number> = { targeted: states.length, pending: 0 };
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1;
  return {
    name: 't1',
    id: 'task-1',
    plan: planOf(),
    askedAtMs: ASKED_AT_MS,
    endedAtMs: ENDED_AT_MS,
    isStopped: false,
    shown: { id: 'task-1', state: 'done', counts },
    rows: states.map((state, index) => ({ device: `id-${index}`, state })),
    ...change,
  };
};

const promisesBroken = (entry: Entry, got: Got, change: Partial<Situation> = {}): string[] => {
  const { fleet, device } = fleetOf(change);
  return judge(entry, fleet, (token) => (token === tokenOf(device) ? got : NEVER)).map(
    ({ promise }) => promise,
  );
};

const LEAVE = { plan: planOf({ ifUnsure: 'leave' }) };
const TWICE: Got = { received: 2, delivered: 2, shown: 1 };
const REFUSED: Got = { ...NEVER, received: 1 };

describe('the verdict of a soak', () => {
  for (const [what, entry, got, change] of [
    ['one that is accepted and got it', entryOf(['accepted']), ONCE],
    ['one that got it twice with resend', entryOf(['accepted']), TWICE],
    ['one that is unknown with leave', entryOf(['unknown'], LEAVE), ONCE],
    ['one without consent', entryOf(['suppressed']), NEVER, { consents: false }],
    ['one whose app was removed', entryOf(['failed']), REFUSED, { isLive: false }],
    ['one of a task that was stopped', entryOf(['cancelled'], { isStopped: true }), NEVER],
    ['one that was not planned', entryOf([], { isStopped: true }), NEVER],
  ] as const) {
    it(`has nothing against ${what}`, () => {
      expect(promisesBroken(entry, got, change)).to.deep.equal([]);
    });
  }

  for (const [what, promise, entry, got, change] of [
    ['a device without a row', LOST, entryOf([]), NEVER],
    ['a push that resend never sent', LOST, entryOf(['accepted']), NEVER],
    ['two pushes with leave', DOUBLED, entryOf(['accepted'], LEAVE), TWICE],
    ['acceptance without a push', 'accepted is received', entryOf(['accepted'], LEAVE), NEVER],
    ['unknown with resend', 'the right state', entryOf(['unknown']), ONCE],
    [
      'a push that is denied',
      'received is accepted or unknown',
      entryOf(['expired'], { plan: planOf({ isShort: true }) }),
      ONCE,
    ],
    [
      'a notification that is seen twice',
      'a repeat is shown once',
      entryOf(['accepted']),
      { ...TWICE, shown: 2 },
    ],
    [
      'a push without consent',
      'nobody without consent',
      entryOf(['suppressed']),
      REFUSED,
      { consents: false },
    ],
    [
      'somebody who was not meant',
      'only who is meant',
      entryOf(['accepted'], { plan: planOf({ isMeant: () => false }) }),
      ONCE,
    ],
    ['a push without a row', 'every push has a row', entryOf([], { isStopped: true }), REFUSED],
    [
      'a row too many',
      'one row for each device',
      entryOf(['accepted'], { rows: [] as Entry['rows'] & object }),
      ONCE,
    ],
    [
      'two rows of one device',
      'rows are unique',
      entryOf(['accepted', 'accepted'], {
        rows: [
          { device: 'id-0', state: 'accepted' },
          { device: 'id-0', state: 'accepted' },
        ],
      }),
      ONCE,
    ],
    [
      'counts that are not those of the rows',
      'counts equal rows: accepted',
      entryOf(['accepted'], { rows: [{ device: 'id-0', state: 'unknown' }] }),
      ONCE,
    ],
    ['a stranger', 'strangers', entryOf(['accepted', 'accepted']), ONCE],
  ] as const) {
    it(`finds ${what}`, () => {
      expect(promisesBroken(entry, got, change)).to.include(promise);
    });
  }

  it('judges only what holds in any case of a device that changed meanwhile', () => {
    const { fleet, device } = fleetOf();
    const during = { askedAtMs: ASKED_AT_MS + 1, answeredAtMs: ASKED_AT_MS + 2 };
    device.changes.push({ consents: false, isLive: true, isErased: false, ...during });
    expect(judge(entryOf(['suppressed']), fleet, () => NEVER)).to.deep.equal([]);
    const promises = judge(entryOf(['suppressed']), fleet, () => ONCE).map((one) => one.promise);
    expect(promises).to.deep.equal(['received is accepted or unknown']);
  });
});
