import { expect } from 'chai';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { Types } from 'mongoose';
import { type QuietRule, Walls } from '../models/quiet-hours.js';
import { type SendWindow, SendWindows, WEEKDAYS } from '../models/send-windows.js';
import type { DueRule } from '../models/task.js';
import { someTask } from '../test/support/job-context.js';
import { changesOf, ZONES } from '../test/support/zones.js';
import { dueTimes } from './due.js';
import { holdsOf, type Wait } from './hold.js';
import type { Quiet } from './quiet.js';

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
const DAY_MS = 96 * QUARTER_MS;
const _id = new Types.ObjectId();

const quietBy = (rule: Omit<QuietRule, 'purposes'>, nowMs: number): Quiet => ({
  peaceOf({ timeZone = 'UTC' }, atMs = nowMs) {
    const untilMs = new Walls(atMs).quietUntil(timeZone, rule);
    return untilMs == null ? null : { untilMs, drops: rule.action === 'drop' };
  },
});
const dueBy = (due: Partial<DueRule>, nowMs: number) =>
  dueTimes(someTask({ due: { timeZone: 'UTC', ...due }, createdAt: new Date(nowMs) }));
const NIGHT = { from: '22:00', to: '08:00', action: 'hold' } as const;
const NOON = Date.parse('2026-12-24T12:00:00Z');

describe('who has to wait right before sending', () => {
  it('is nobody without a rule', () => {
    expect(holdsOf({ due: null, quiet: null }, NOON)).to.equal(null);
    const holds = holdsOf({ due: dueBy({ spreadMinutes: 2 }, NOON - DAY_MS), quiet: null }, NOON);
    expect(holds?.of({ _id })).to.equal(null);
  });

  it('is dropped by quiet hours only when its own time has come', () => {
    const quiet = quietBy({ ...NIGHT, action: 'drop' }, NOON);
    const device = { _id, timeZone: 'Asia/Tokyo' };
    const tokyo = Date.parse('2026-12-24T14:00:00Z');
    const rule = { localTime: '2026-12-24T23:00', late: 'skip' } as const;
    const due = dueBy(rule, NOON);
    // At 21:00 there; what becomes of it at 23:00 is decided then.
    expect(holdsOf({ due, quiet }, NOON)?.of(device)).to.deep.equal({
      reason: 'not-due',
      untilMs: tokyo,
      dueMs: tokyo,
    });
    const then = quietBy({ ...NIGHT, action: 'drop' }, tokyo);
    expect(holdsOf({ due, quiet: then }, tokyo)?.of(device)).to.equal('quiet-hours');
    const windows = [{ from: '22:00', to: '23:00' }];
    const closed = holdsOf({ due: dueBy({ windows }, NOON - DAY_MS), quiet }, NOON)?.of(device);
    expect(closed).to.deep.equal({
      reason: 'outside-window',
      untilMs: Date.parse('2026-12-24T13:00:00Z'),
    });
  });

  it('waits as long as a look at the wall says, whatever the windows and the quiet hours', () => {
    const quarters = fc.integer({ min: 0, max: 95 }).map((quarter) =>
      DateTime.fromObject({ year: 2026 })
        .plus({ minutes: 15 * quarter })
        .toFormat('HH:mm'),
    );
    const hours = fc.record({ from: quarters, to: quarters }).filter(({ from, to }) => from !== to);
    const window = fc
      .tuple(fc.subarray([...WEEKDAYS], { minLength: 1 }), hours)
      .map(([days, ofDay]): SendWindow => ({ days, ...ofDay }));
    const given = fc.record({
      windows: fc.array(window, { minLength: 1, maxLength: 3 }),
      quietHours: hours,
      minutes: fc.integer({ min: -6_000, max: 1_500 }),
    });
    for (const timeZone of ZONES.filter((_, index) => index % 4 === 0)) {
      for (const ms of changesOf(timeZone)) {
        fc.assert(
          fc.property(given, ({ windows, quietHours, minutes }) => {
            const nowMs = ms + minutes * MINUTE_MS;
            const quiet = quietBy({ ...quietHours, action: 'hold' }, nowMs);
            const opening = new SendWindows(windows);
            const isAllowed = (atMs: number): boolean =>
              opening.nextOpen(timeZone, atMs) === atMs &&
              quiet.peaceOf({ timeZone }, atMs) == null;
            let atMs = nowMs;
            while (!isAllowed(atMs) && atMs < nowMs + 8 * DAY_MS) {
              atMs = Math.floor(atMs / QUARTER_MS) * QUARTER_MS + QUARTER_MS;
            }
            // Due long ago, by now in the windows or not.
            const due = dueBy({ windows }, nowMs - 20 * DAY_MS);
            const hold = holdsOf({ due, quiet }, nowMs)?.of({ _id, timeZone });
            const saidMs = hold == null ? nowMs : (hold as Wait).untilMs;
            if (atMs < nowMs + 8 * DAY_MS) expect(saidMs, timeZone).to.equal(atMs);
            else expect(saidMs, timeZone).to.be.at.least(nowMs + 8 * DAY_MS - DAY_MS);
          }),
          { numRuns: 2 },
        );
      }
    }
  }).timeout(120_000);
});
