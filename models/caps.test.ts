import { expect } from 'chai';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { type CalendarUnit, type Cap, capsFor, openWindow } from './caps.js';

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;
const at = (text: string): number => Date.parse(text);
const utc = (ms: number): string => new Date(ms).toISOString();

const YEAR = { min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') };

/** What a calendar on the wall shows. */
const PAGE: Record<CalendarUnit, string> = {
  day: 'yyyy-MM-dd',
  week: "kkkk-'W'WW",
  month: 'yyyy-MM',
};

/** Quarter by quarter, as somebody would who leafs through the calendar on the wall. */
const naive = (nowMs: number, calendar: CalendarUnit, zone: string) => {
  const page = (ms: number): string => DateTime.fromMillis(ms, { zone }).toFormat(PAGE[calendar]);
  const today = page(nowMs);
  let startMs = Math.floor(nowMs / QUARTER_MS) * QUARTER_MS;
  while (page(startMs - QUARTER_MS) === today) startMs -= QUARTER_MS;
  let endMs = startMs;
  while (page(endMs) === today) endMs += QUARTER_MS;
  return { start: utc(startMs), end: utc(endMs) };
};

const computed = (nowMs: number, calendar: CalendarUnit, timeZone: string) => {
  const { startMs, endMs } = openWindow({ calendar, timeZone }, nowMs);
  return { start: utc(startMs), end: utc(endMs(nowMs)) };
};

describe('the window of a cap', () => {
  it('rolls: a push counts for so many seconds, to the millisecond', () => {
    const window = openWindow({ rollingSeconds: 86_400 }, at('2026-11-22T12:00:00.000Z'));
    expect(utc(window.startMs)).to.equal('2026-11-21T12:00:00.001Z');
    const endMs = window.endMs(at('2026-11-22T09:00:00.000Z'));
    expect(utc(endMs)).to.equal('2026-11-23T09:00:00.000Z');
  });

  it('is a day, a week from Monday or a month of its zone', () => {
    const nowMs = at('2026-11-22T23:30:00Z');
    expect(computed(nowMs, 'day', 'UTC')).to.deep.equal({
      start: '2026-11-22T00:00:00.000Z',
      end: '2026-11-23T00:00:00.000Z',
    });
    // It is Monday there already.
    expect(computed(nowMs, 'week', 'Europe/Berlin')).to.deep.equal({
      start: '2026-11-22T23:00:00.000Z',
      end: '2026-11-29T23:00:00.000Z',
    });
    expect(computed(nowMs, 'month', 'Asia/Kathmandu')).to.deep.equal({
      start: '2026-10-31T18:15:00.000Z',
      end: '2026-11-30T18:15:00.000Z',
    });
  });

  it('is of UTC when no zone is given', () => {
    const { startMs } = openWindow({ calendar: 'day' }, at('2026-11-22T12:00:00Z'));
    expect(utc(startMs)).to.equal('2026-11-22T00:00:00.000Z');
  });

  it('is one day where midnight comes twice, and begins later where it never comes', () => {
    // At 01:00 it is 00:00 once more.
    for (const now of ['2026-11-01T04:30:00Z', '2026-11-01T05:30:00Z', '2026-11-01T18:00:00Z']) {
      expect(computed(at(now), 'day', 'America/Havana')).to.deep.equal({
        start: '2026-11-01T04:00:00.000Z',
        end: '2026-11-02T05:00:00.000Z',
      });
    }
    expect(computed(at('2026-10-31T12:00:00Z'), 'day', 'America/Havana').end).to.equal(
      '2026-11-01T04:00:00.000Z',
    );
    // At 00:00 it is 01:00.
    expect(computed(at('2026-03-08T12:00:00Z'), 'day', 'America/Havana').start).to.equal(
      '2026-03-08T05:00:00.000Z',
    );
  });

  it('is what the calendar on the wall shows, in every zone', () => {
    for (const zone of Intl.supportedValuesOf('timeZone')) {
      fc.assert(
        fc.property(fc.integer(YEAR), (nowMs) => {
          const shown = `${zone} ${utc(nowMs)}`;
          expect(computed(nowMs, 'day', zone), shown).to.deep.equal(naive(nowMs, 'day', zone));
        }),
        { numRuns: 2 },
      );
    }
  }).timeout(120_000);

  it('is what the calendar shows around every change of clocks, also for weeks and months', () => {
    const zones = ['America/Havana', 'Atlantic/Azores', 'Africa/Cairo', 'Australia/Lord_Howe'];
    for (const zone of zones) {
      const offset = (ms: number): number => DateTime.fromMillis(ms, { zone }).offset;
      const days = Array.from({ length: 365 }, (_, index) => YEAR.min + index * 24 * HOUR_MS);
      const changes = days.filter((ms) => offset(ms) !== offset(ms + 24 * HOUR_MS));
      expect(changes, zone).to.have.length(2);
      fc.assert(
        fc.property(
          fc.constantFrom(...changes),
          fc.integer({ min: -30 * 60, max: 60 * 60 }),
          fc.constantFrom<CalendarUnit>('day', 'day', 'week', 'month'),
          (changeMs, minutes, calendar) => {
            const nowMs = changeMs + minutes * MINUTE_MS;
            const shown = `${zone} ${utc(nowMs)}`;
            expect(computed(nowMs, calendar, zone), shown).to.deep.equal(
              naive(nowMs, calendar, zone),
            );
          },
        ),
        { numRuns: 20 },
      );
    }
  }).timeout(120_000);
});

describe('the caps that count a purpose', () => {
  it('are those that name it, or name none', () => {
    const cap = (name: string, purposes?: string[]): Cap => ({
      name,
      limit: 3,
      window: { calendar: 'day' },
      ...(purposes == null ? {} : { purposes }),
    });
    const caps = [cap('ads', ['marketing', 'news']), cap('all'), cap('news', ['news'])];
    const named = (purpose: string) => capsFor(caps, purpose).map(({ name }) => name);
    expect(named('news')).to.deep.equal(['ads', 'all', 'news']);
    expect(named('marketing')).to.deep.equal(['ads', 'all']);
    expect(named('service')).to.deep.equal(['all']);
  });
});
