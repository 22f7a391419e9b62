import { expect } from 'chai';
import fc from 'fast-check';
import {
  type CampaignSchedule,
  checkedRecurrence,
  instantsAfter,
  nextInstant,
  type Recurrence,
  RecurrenceError,
} from './recurrence.js';
import { wallMsOf, wallText } from './wall-time.js';

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
const YEAR_FROM = Date.UTC(2026, 0, 1);
const YEAR_TO = Date.UTC(2027, 0, 1);

/** Clocks that are changed by an hour, by half an hour, by two, at midnight, in the south, and never. */
const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Antarctica/Troll',
  'Asia/Beirut',
  'Africa/Cairo',
  'America/Santiago',
  'Atlantic/Azores',
  'Asia/Kathmandu',
] as const;

/** What the clock on the wall shows, asked of the machine itself. */
const wallOf = (zone: string) => {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (atMs: number): number => {
    const parts = format.formatToParts(atMs);
    const [day, month, year, hour, minute] = ['day', 'month', 'year', 'hour', 'minute'].map(
      (name) => Number(parts.find(({ type }) => type === name)?.value),
    );
    return Date.UTC(year!, month! - 1, day, hour, minute);
  };
};

/** Minute by minute, the times that the wall has reached for the first time, each with the instant. */
const walks = new Map<string, { atMs: number; walls: number[] }[]>();

const walk = (zone: string, fromMs = YEAR_FROM, toMs = YEAR_TO) => {
  const known = walks.get(`${zone} ${fromMs}`);
  if (known != null) return known;
  const wallAt = wallOf(zone);
  const steps: { atMs: number; walls: number[] }[] = [];
  let reached = wallAt(fromMs) - MINUTE_MS;
  for (let quarterMs = fromMs; quarterMs < toMs; quarterMs += QUARTER_MS) {
    // No clock is changed within a quarter of an hour.
    const wallMs = wallAt(quarterMs);
    for (let minuteMs = 0; minuteMs < QUARTER_MS; minuteMs += MINUTE_MS) {
      const walls: number[] = [];
      while (reached < wallMs + minuteMs) {
        reached += MINUTE_MS;
        walls.push(reached);
      }
      if (walls.length > 0) steps.push({ atMs: quarterMs + minuteMs, walls });
    }
  }
  walks.set(`${zone} ${fromMs}`, steps);
  return steps;
};

interface Naive {
  readonly isTime: (wallMs: number) => boolean;
  readonly startMs: number;
  readonly endMs?: number | undefined;
  readonly count?: number | undefined;
  readonly except?: readonly string[] | undefined;
}

const naiveRuns = (zone: string, { isTime, startMs, endMs, count, except = [] }: Naive) => {
  let left = count ?? Number.POSITIVE_INFINITY;
  const runs: number[] = [];
  for (const { atMs, walls } of walk(zone)) {
    let isRun = false;
    for (const wallMs of walls) {
      if (wallMs < startMs || wallMs > (endMs ?? YEAR_TO * 2) || !isTime(wallMs)) continue;
      if (left === 0) continue;
      left -= 1;
      const text = wallText(wallMs);
      if (!except.includes(text) && !except.includes(text.slice(0, 10))) isRun = true;
    }
    if (isRun) runs.push(atMs);
  }
  return runs;
};

const runsOf = (schedule: CampaignSchedule, fromMs = YEAR_FROM, toMs = YEAR_TO): number[] => {
  const runs: number[] = [];
  for (const atMs of instantsAfter(schedule, fromMs - 1)) {
    if (atMs >= toMs) break;
    runs.push(atMs);
  }
  return runs;
};

const shown = (instants: readonly number[]): string[] =>
  instants.map((atMs) => new Date(atMs).toISOString().slice(0, 16));

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const dayOf = (wallMs: number): number => Math.floor(wallMs / DAY_MS);
/** 0 is Monday. */
const weekdayOf = (wallMs: number): number => (dayOf(wallMs) + 3) % 7;
const mondayOf = (wallMs: number): number => dayOf(wallMs) - weekdayOf(wallMs);
const minuteOfDay = (wallMs: number): number => (wallMs % DAY_MS) / MINUTE_MS;

interface Rule {
  readonly text: { rrule: string } | { cron: string };
  readonly isTime: (wallMs: number, startMs: number) => boolean;
}

const days = fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 4 });
/** Often in the hours in which clocks are changed. */
const minutesOfDay = fc.oneof(fc.nat(24 * 60 - 1), fc.nat(4 * 60));

const daily = fc.integer({ min: 1, max: 5 }).map(
  (interval): Rule => ({
    text: { rrule: `FREQ=DAILY;INTERVAL=${interval}` },
    isTime: (wallMs, startMs) =>
      minuteOfDay(wallMs) === minuteOfDay(startMs) &&
      (dayOf(wallMs) - dayOf(startMs)) % interval === 0,
  }),
);
const weekly = fc.tuple(fc.integer({ min: 1, max: 3 }), days, fc.nat(23), fc.nat(59)).map(
  ([interval, chosen, hour, minute]): Rule => ({
    text: {
      rrule: `FREQ=WEEKLY;INTERVAL=${interval};BYDAY=${chosen.map((day) => WEEKDAYS[day]).join(',')};BYHOUR=${hour};BYMINUTE=${minute}`,
    },
    isTime: (wallMs, startMs) =>
      minuteOfDay(wallMs) === hour * 60 + minute &&
      chosen.includes(weekdayOf(wallMs)) &&
      (mondayOf(wallMs) - mondayOf(startMs)) % (7 * interval) === 0,
  }),
);
const cron = fc.tuple(fc.constantFrom(7, 15, 20, 30), days, fc.nat(3)).map(
  ([step, chosen, lastHour]): Rule => ({
    text: { cron: `*/${step} 0-${lastHour} * * ${chosen.map((day) => (day + 1) % 7).join(',')}` },
    isTime: (wallMs) =>
      (minuteOfDay(wallMs) % 60) % step === 0 &&
      minuteOfDay(wallMs) < (lastHour + 1) * 60 &&
      chosen.includes(weekdayOf(wallMs)),
  }),
);
const dates = fc.nat(364).map((day) => wallText(YEAR_FROM + day * DAY_MS).slice(0, 10));

describe('A recurring schedule', () => {
  it('runs as a walk through the year would have it, minute by minute, in every kind of zone', function () {
    this.timeout(120_000);
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.oneof(daily, weekly, cron),
        fc.record({ day: fc.nat(120), minutes: minutesOfDay }),
        fc.record(
          {
            endDay: fc.integer({ min: 130, max: 364 }),
            count: fc.integer({ min: 1, max: 200 }),
            except: fc.array(dates, { maxLength: 20 }),
          },
          { requiredKeys: [] },
        ),
        (timeZone, { text, isTime }, { day, minutes }, { endDay, count, except }) => {
          // Not on the first day, which has begun already in some zones.
          const startMs = YEAR_FROM + (day + 2) * DAY_MS + minutes * MINUTE_MS;
          const endMs = endDay == null ? undefined : YEAR_FROM + endDay * DAY_MS;
          const expected = naiveRuns(timeZone, {
            isTime: (wallMs) => isTime(wallMs, startMs),
            ...{ startMs, endMs, count, except },
          });
          fc.pre(expected.length > 0);
          const schedule = checkedRecurrence({
            ...text,
            timeZone,
            start: wallText(startMs),
            ...(endMs == null ? {} : { end: wallText(endMs) }),
            ...(count == null ? {} : { count }),
            ...(except == null ? {} : { except }),
          });
          expect(shown(runsOf(schedule))).to.deep.equal(shown(expected));
          // Wherever one begins to look, the next is the next.
          const middle = expected[Math.floor(expected.length / 2)]!;
          expect(nextInstant(schedule, middle - 1)).to.equal(middle);
        },
      ),
      { numRuns: 100 },
    );
  });

  const berlin = (more: Partial<Recurrence>): Recurrence =>
    checkedRecurrence({ timeZone: 'Europe/Berlin', start: '2026-03-01T00:00', ...more });
  const someRuns = (schedule: CampaignSchedule, from: string, to: string): string[] =>
    shown(runsOf(schedule, Date.parse(from), Date.parse(to)));

  it('runs when the clock is put on, at a time that the clock leaves out that day', () => {
    const schedule = berlin({ rrule: 'FREQ=DAILY;BYHOUR=2;BYMINUTE=30' });
    expect(someRuns(schedule, '2026-03-28T00:00Z', '2026-03-31T00:00Z')).to.deep.equal([
      '2026-03-28T01:30',
      '2026-03-29T01:00',
      '2026-03-30T00:30',
    ]);
  });

  it('runs once, the first time, at a time that the clock shows twice that day', () => {
    const schedule = berlin({ cron: '30 2 * * *' });
    expect(someRuns(schedule, '2026-10-24T00:00Z', '2026-10-27T00:00Z')).to.deep.equal([
      '2026-10-24T00:30',
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
  });

  it('runs once at the end of a day that a zone left out', () => {
    const schedule = checkedRecurrence({
      timeZone: 'Pacific/Apia',
      start: '2011-12-28T09:00',
      rrule: 'FREQ=DAILY',
    });
    expect(someRuns(schedule, '2011-12-29T00:00Z', '2012-01-01T00:00Z')).to.deep.equal([
      '2011-12-29T19:00',
      '2011-12-30T10:00',
      '2011-12-30T19:00',
      '2011-12-31T19:00',
    ]);
  });

  it('counts times that are left out, and ends with the last', () => {
    const schedule = berlin({
      rrule: 'FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18',
      count: 4,
      except: ['2026-04-24', '2026-05-29T18:00', '2026-06-26T17:00'],
    });
    expect(schedule.last).to.equal('2026-06-26T18:00');
    expect(someRuns(schedule, '2026-01-01T00:00Z', '2030-01-01T00:00Z')).to.deep.equal([
      '2026-03-27T17:00',
      '2026-06-26T16:00',
    ]);
    expect(nextInstant(schedule, Date.parse('2026-06-26T16:00Z'))).to.equal(undefined);
  });

  it('has its last time at the end that it names', () => {
    const schedule = berlin({ cron: '0 9 * * *', end: '2026-03-03T09:00' });
    expect(someRuns(schedule, '2026-01-01T00:00Z', '2027-01-01T00:00Z')).to.have.lengthOf(3);
  });

  it('runs once, when it has an instant', () => {
    const at = new Date('2026-12-24T08:00:00Z');
    expect(nextInstant({ at }, at.getTime() - 1)).to.equal(at.getTime());
    expect(nextInstant({ at }, at.getTime())).to.equal(undefined);
  });

  const refused: [string, Partial<Recurrence>, string, number | undefined, RegExp][] = [
    ['an unknown part', { rrule: 'FREQ=DAILY;FOO=1' }, 'rrule', 11, /^Must be parts such as FREQ/],
    ['a part twice', { rrule: 'FREQ=DAILY;FREQ=DAILY' }, 'rrule', 11, /once only/],
    ['a value out of range', { rrule: 'FREQ=DAILY;BYHOUR=9,25' }, 'rrule', 18, /0 to 23/],
    ['too often', { rrule: 'FREQ=SECONDLY' }, 'rrule', 5, /DAILY, WEEKLY/],
    ['no frequency', { rrule: 'INTERVAL=2' }, 'rrule', 0, /Must say FREQ/],
    ['a count in the rule', { rrule: 'FREQ=DAILY;COUNT=2' }, 'rrule', 11, /as count/],
    ['an end in the rule', { rrule: 'FREQ=DAILY;UNTIL=20270101' }, 'rrule', 11, /as end/],
    ['parts that do not fit', { rrule: 'FREQ=WEEKLY;BYDAY=2MO' }, 'rrule', undefined, /BYDAY/],
    ['another line', { rrule: 'FREQ=DAILY\nEXDATE:2026' }, 'rrule', 5, /DAILY, WEEKLY/],
    [
      'a day that never comes',
      { rrule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31' },
      'rrule',
      undefined,
      /Never/,
    ],
    ['a wrong field of cron', { cron: '0 9 * 13 *' }, 'cron', 6, /The month cannot be read/],
    ['a minute by chance', { cron: 'H 9 * * *' }, 'cron', 0, /The minute cannot be read/],
    ['six fields of cron', { cron: '0 0 9 * * *' }, 'cron', 0, /Must be five fields/],
    ['a day that no month has', { cron: '0 9 31 2 *' }, 'cron', undefined, /Never comes/],
    [
      'an end before the start',
      { cron: '0 9 * * *', end: '2026-02-01T00:00' },
      'cron',
      undefined,
      /Leaves no time/,
    ],
    [
      'nothing but exceptions',
      { cron: '0 9 * * *', count: 1, except: ['2026-03-01'] },
      'cron',
      undefined,
      /Leaves no time/,
    ],
  ];
  for (const [what, more, field, position, message] of refused) {
    it(`is refused with ${what}, at the character`, () => {
      let thrown: unknown;
      try {
        berlin(more);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).to.be.instanceOf(RecurrenceError);
      const { field: at, position: where, message: text } = thrown as RecurrenceError;
      expect([at, where]).to.deep.equal([field, position]);
      expect(text).to.match(message);
    });
  }

  it('keeps a time of the wall as it is written', () => {
    expect(wallText(wallMsOf('2026-03-29T02:30'))).to.equal('2026-03-29T02:30');
    expect(() => wallMsOf('2026-02-30T09:00')).to.throw();
    expect(() => wallMsOf('2026-03-01T09:00Z')).to.throw();
  });

  it('passes over whole days that are left out, however many times they have', () => {
    const except = Array.from({ length: 500 }, (_, day) =>
      wallText(Date.UTC(2027, 0, 1 + day)).slice(0, 10),
    );
    const schedule = { cron: '* * * * *', timeZone: 'UTC', start: '2027-01-01T00:00', except };
    const first = nextInstant(checkedRecurrence(schedule), Date.UTC(2027, 0, 1));
    expect(new Date(first ?? 0)).to.deep.equal(new Date(Date.UTC(2027, 0, 501)));
  });

  it('ends where the next time is too far away to be found', () => {
    const rrule = 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=TU';
    const schedule = checkedRecurrence({ rrule, timeZone: 'UTC', start: '2027-01-01T09:00' });
    const leapDay = Date.UTC(2028, 1, 29, 9);
    expect(nextInstant(schedule, Date.UTC(2027, 0, 1))).to.equal(leapDay);
    expect(nextInstant(schedule, leapDay)).to.equal(undefined);
  });

  it('refuses to count for long', () => {
    const rrule = 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29';
    const rare = { rrule, count: 1_000, timeZone: 'UTC', start: '2027-01-01T09:00' };
    expect(() => checkedRecurrence(rare))
      .to.throw(RecurrenceError)
      .with.property('field', 'count');
  });
});
