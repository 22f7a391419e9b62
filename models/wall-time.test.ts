import { expect } from 'chai';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { changesOf, lookedFor, ZONES } from '../test/support/zones.js';
import { changeBetween, instantOf, isKnownZone, wallMsOf } from './wall-time.js';

const MINUTE_MS = 60_000;
const instant = (zone: string, wallTime: string): string =>
  new Date(instantOf(wallMsOf(wallTime), zone)).toISOString();

describe('a wall time', () => {
  it('comes at another instant in each zone', () => {
    expect(instant('UTC', '2026-12-24T18:00')).to.equal('2026-12-24T18:00:00.000Z');
    expect(instant('Pacific/Kiritimati', '2026-12-24T18:00')).to.equal('2026-12-24T04:00:00.000Z');
    expect(instant('Asia/Kathmandu', '2026-12-24T18:00')).to.equal('2026-12-24T12:15:00.000Z');
    expect(instant('Pacific/Pago_Pago', '2026-12-24T18:00')).to.equal('2026-12-25T05:00:00.000Z');
  });

  it('that is left out comes when the clock is put on', () => {
    expect(instant('Europe/Berlin', '2026-03-29T01:59')).to.equal('2026-03-29T00:59:00.000Z');
    expect(instant('Europe/Berlin', '2026-03-29T02:30')).to.equal('2026-03-29T01:00:00.000Z');
    expect(instant('Europe/Berlin', '2026-03-29T03:00')).to.equal('2026-03-29T01:00:00.000Z');
    // By half an hour.
    expect(instant('Australia/Lord_Howe', '2026-10-04T02:15')).to.equal('2026-10-03T15:30:00.000Z');
  });

  it('that is there twice comes the first time', () => {
    expect(instant('Europe/Berlin', '2026-10-25T02:30')).to.equal('2026-10-25T00:30:00.000Z');
    expect(instant('Europe/Berlin', '2026-10-25T03:00')).to.equal('2026-10-25T02:00:00.000Z');
  });

  it('on a day that a zone leaves out comes when the next one begins', () => {
    expect(instant('Pacific/Apia', '2011-12-30T18:00')).to.equal('2011-12-30T10:00:00.000Z');
  });

  it('comes when a look at the wall says so, in every zone and whenever its clocks change', () => {
    const cases = ZONES.flatMap((zone) => changesOf(zone).map((ms) => ({ zone, ms })));
    expect(cases.length).to.be.greaterThan(500);
    for (const { zone, ms } of cases) {
      fc.assert(
        fc.property(fc.integer({ min: -1_500, max: 1_500 }), (minutes) => {
          const wallTime = DateTime.fromMillis(ms + minutes * MINUTE_MS, { zone: 'UTC' }).toFormat(
            "yyyy-MM-dd'T'HH:mm",
          );
          const said = instantOf(wallMsOf(wallTime), zone);
          expect(said, `${zone} ${wallTime}`).to.equal(lookedFor(zone, wallTime));
        }),
        { numRuns: 3 },
      );
    }
  }).timeout(120_000);
});

describe('clocks', () => {
  it('are changed at the minute that is found', () => {
    const [fromMs, toMs] = [Date.parse('2026-03-01T12:34:56Z'), Date.parse('2026-04-01T00:00:01Z')];
    expect(changeBetween(fromMs, toMs, 'Europe/Berlin')).to.equal(
      Date.parse('2026-03-29T01:00:00Z'),
    );
  });

  it('are known by the names of IANA', () => {
    expect(['Europe/Berlin', 'UTC', 'Etc/GMT+12'].filter(isKnownZone)).to.have.lengthOf(3);
    expect(isKnownZone('Fantasia/Castle')).to.equal(false);
  });
});
