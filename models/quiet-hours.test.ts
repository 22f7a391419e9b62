import { expect } from 'chai';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { changesOf, ZONES } from '../test/support/zones.js';
import { freeMinutes, type QuietWindow, quietRuleFor, Walls } from './quiet-hours.js';

const MINUTE_MS = 60_000;
const NIGHT = { from: '22:00', to: '08:00' };
const at = (text: string, zone: string): number => DateTime.fromISO(text, { zone }).toMillis();
const quietUntil = (nowMs: number, zone: string, window: QuietWindow): number | undefined =>
  new Walls(nowMs).quietUntil(zone, window);
const utc = (ms: number | undefined): string | undefined =>
  ms == null ? undefined : new Date(ms).toISOString();

/** Minute by minute, as somebody would who looks at the wall. */
const naive = (nowMs: number, zone: string, { from, to }: typeof NIGHT): number | undefined => {
  const isQuiet = (ms: number): boolean => {
    const wall = DateTime.fromMillis(ms, { zone }).toFormat('HH:mm');
    return from < to ? from <= wall && wall < to : from <= wall || wall < to;
  };
  if (!isQuiet(nowMs)) return undefined;
  let ms = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  while (isQuiet(ms)) ms += MINUTE_MS;
  return ms;
};

describe('quiet hours', () => {
  it('go on past midnight, and end to the minute', () => {
    const zone = 'Europe/Berlin';
    const until = (text: string) => utc(quietUntil(at(text, zone), zone, NIGHT));
    expect(until('2026-11-22T21:59:59')).to.equal(undefined);
    expect(until('2026-11-22T22:00:00')).to.equal('2026-11-23T07:00:00.000Z');
    expect(until('2026-11-23T07:59:59')).to.equal('2026-11-23T07:00:00.000Z');
    expect(until('2026-11-23T08:00:00')).to.equal(undefined);
  });

  it('are those of the zone', () => {
    const now = Date.parse('2026-11-22T22:30:00Z');
    expect(quietUntil(now, 'America/New_York', NIGHT)).to.equal(undefined);
    expect(utc(quietUntil(now, 'Asia/Kathmandu', NIGHT))).to.equal('2026-11-23T02:15:00.000Z');
  });

  it('end when the clock is put on over their end', () => {
    const window = { from: '22:00', to: '02:30' };
    const zone = 'Europe/Berlin';
    // At 02:00 it is 03:00.
    expect(utc(quietUntil(at('2026-03-29T01:10:00', zone), zone, window))).to.equal(
      '2026-03-29T01:00:00.000Z',
    );
  });

  it('begin again when the clock is put back into them', () => {
    const window = { from: '22:00', to: '02:30' };
    const zone = 'Europe/Berlin';
    // 02:30 comes twice.
    const firstMs = Date.parse('2026-10-25T00:30:00Z');
    expect(quietUntil(firstMs - 1, zone, window)).to.equal(firstMs);
    expect(quietUntil(firstMs, zone, window)).to.equal(undefined);
    expect(utc(quietUntil(Date.parse('2026-10-25T01:10:00Z'), zone, window))).to.equal(
      '2026-10-25T01:30:00.000Z',
    );
  });

  it('end as a look at the wall says, in every zone and whenever its clocks change', () => {
    const cases = ZONES.flatMap((zone) => changesOf(zone).map((ms) => ({ zone, ms })));
    expect(cases.length).to.be.greaterThan(500);
    const wallTime = fc.integer({ min: 0, max: 24 * 4 - 1 }).map((quarters) =>
      DateTime.fromObject({ year: 2026 })
        .plus({ minutes: 15 * quarters })
        .toFormat('HH:mm'),
    );
    const window = fc
      .record({ from: wallTime, to: wallTime })
      .filter(({ from, to }) => from !== to);
    for (const { zone, ms } of cases) {
      fc.assert(
        fc.property(window, fc.integer({ min: -1_500, max: 1_500 }), (hours, minutes) => {
          const nowMs = ms + minutes * MINUTE_MS + 1_234;
          expect(quietUntil(nowMs, zone, hours), `${zone} ${utc(nowMs)}`).to.equal(
            naive(nowMs, zone, hours),
          );
        }),
        { numRuns: 2 },
      );
    }
  }).timeout(120_000);

  it('leave so much of a day free', () => {
    expect(freeMinutes(NIGHT)).to.equal(14 * 60);
    expect(freeMinutes({ from: '08:00', to: '22:00' })).to.equal(10 * 60);
    expect(freeMinutes({ from: '00:00', to: '23:45' })).to.equal(15);
  });

  it('are those of the first rule that means the purpose', () => {
    const marketing = { ...NIGHT, purposes: ['marketing', 'news'], action: 'drop' as const };
    const others = { from: '23:00', to: '06:00', action: 'hold' as const };
    const settings = { rules: [marketing, others], timeZone: 'UTC' };
    expect(quietRuleFor(settings, 'news')).to.equal(marketing);
    expect(quietRuleFor(settings, 'service')).to.equal(others);
    expect(quietRuleFor({ ...settings, rules: [marketing] }, 'service')).to.equal(undefined);
  });
});
