import { expect } from 'chai';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { changesOf, ZONES } from '../test/support/zones.js';
import { type SendWindow, SendWindows, WEEKDAYS } from './send-windows.js';

const MINUTE_MS = 60_000;
const OFFICE: SendWindow = {
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  from: '09:00',
  to: '12:00',
};

const nextOpen = (windows: readonly SendWindow[], zone: string, atMs: number): number =>
  new SendWindows(windows).nextOpen(zone, atMs);
const opens = (windows: readonly SendWindow[], zone: string, at: string): string =>
  DateTime.fromMillis(nextOpen(windows, zone, DateTime.fromISO(at, { zone }).toMillis()), { zone })
    .toFormat("ccc yyyy-MM-dd'T'HH:mm:ss")
    .toLowerCase();

/** A quarter of an hour after the other, as somebody would who looks at the wall and at the calendar beside it. */
const naive = (windows: readonly SendWindow[], zone: string, atMs: number): number => {
  const isOpen = (ms: number): boolean => {
    const wall = DateTime.fromMillis(ms, { zone });
    const time = wall.toFormat('HH:mm');
    const today = WEEKDAYS[wall.weekday - 1]!;
    const yesterday = WEEKDAYS[(wall.weekday + 5) % 7]!;
    return windows.some(({ days = WEEKDAYS, from, to }) =>
      from < to
        ? days.includes(today) && from <= time && time < to
        : (days.includes(today) && from <= time) || (days.includes(yesterday) && time < to),
    );
  };
  if (isOpen(atMs)) return atMs;
  const stepMs = 15 * MINUTE_MS;
  let ms = Math.ceil(atMs / stepMs) * stepMs;
  while (!isOpen(ms)) ms += stepMs;
  return ms;
};

describe('windows of a week', () => {
  it('open when the wall clock says so, on the days that they name', () => {
    const zone = 'Europe/Berlin';
    expect(opens([OFFICE], zone, '2026-11-23T08:59:59')).to.equal('mon 2026-11-23t09:00:00');
    expect(opens([OFFICE], zone, '2026-11-23T11:59:59')).to.equal('mon 2026-11-23t11:59:59');
    expect(opens([OFFICE], zone, '2026-11-23T12:00:00')).to.equal('tue 2026-11-24t09:00:00');
    expect(opens([OFFICE], zone, '2026-11-27T12:00:00')).to.equal('mon 2026-11-30t09:00:00');
  });

  it('go on past midnight, and last a whole day', () => {
    const zone = 'America/New_York';
    const night: SendWindow = { days: ['fri'], from: '22:00', to: '02:00' };
    expect(opens([night], zone, '2026-11-28T01:59:00')).to.equal('sat 2026-11-28t01:59:00');
    expect(opens([night], zone, '2026-11-28T02:00:00')).to.equal('fri 2026-12-04t22:00:00');
    const sunday: SendWindow = { days: ['sun'], from: '00:00', to: '24:00' };
    expect(opens([sunday], zone, '2026-11-28T12:00:00')).to.equal('sun 2026-11-29t00:00:00');
    expect(opens([sunday], zone, '2026-11-29T23:59:00')).to.equal('sun 2026-11-29t23:59:00');
    expect(opens([sunday], zone, '2026-11-30T00:00:00')).to.equal('sun 2026-12-06t00:00:00');
  });

  it('are the same every day where they name none, and the nearest of several counts', () => {
    const daily: SendWindow = { from: '07:00', to: '08:00' };
    expect(opens([daily, OFFICE], 'UTC', '2026-11-28T08:00:00')).to.equal(
      'sun 2026-11-29t07:00:00',
    );
    expect(opens([daily, OFFICE], 'UTC', '2026-11-27T08:00:00')).to.equal(
      'fri 2026-11-27t09:00:00',
    );
  });

  it('open when clocks are put on over their beginning', () => {
    const early: SendWindow = { days: ['sun'], from: '02:15', to: '04:00' };
    expect(opens([early], 'Europe/Berlin', '2026-03-28T12:00:00')).to.equal(
      'sun 2026-03-29t03:00:00',
    );
  });

  it('open as a look at the wall says, in every zone and whenever its clocks change', () => {
    const quarters = fc.integer({ min: 0, max: 95 }).map((quarter) =>
      DateTime.fromObject({ year: 2026 })
        .plus({ minutes: 15 * quarter })
        .toFormat('HH:mm'),
    );
    const window = fc
      .record({
        days: fc.subarray([...WEEKDAYS], { minLength: 1 }),
        from: quarters,
        to: fc.oneof(quarters, fc.constant('24:00')),
      })
      .filter(({ from, to }) => from !== to);
    const windows = fc.array(window, { minLength: 1, maxLength: 2 });
    for (const zone of ZONES) {
      for (const ms of changesOf(zone)) {
        fc.assert(
          fc.property(windows, fc.integer({ min: -6_000, max: 1_500 }), (some, minutes) => {
            const atMs = ms + minutes * MINUTE_MS + 1_234;
            const said = nextOpen(some, zone, atMs);
            expect(said, `${zone} ${new Date(atMs).toISOString()}`).to.equal(
              naive(some, zone, atMs),
            );
          }),
          { numRuns: 2 },
        );
      }
    }
  }).timeout(120_000);
});
