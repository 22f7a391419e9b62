import { expect } from 'chai';
import { DateTime } from 'luxon';
import { Types } from 'mongoose';
import type { DueRule, Task } from '../models/task.js';
import { someTask } from '../test/support/job-context.js';
import { ZONES } from '../test/support/zones.js';
import { dueBounds, dueSpan, dueTimes, expiryOf } from './due.js';
import { orderBy } from './order.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const ID = new Types.ObjectId();
const NOON = '2026-12-24T12:00:00Z';

const timed = (due: Partial<DueRule>, change: Partial<Task> = {}): Task =>
  someTask({ due: { timeZone: 'UTC', ...due }, createdAt: new Date(NOON), ...change });
const times = (...given: Parameters<typeof timed>) => dueTimes(timed(...given))!;
const dueIn = (zone: string, ...given: Parameters<typeof timed>): string | null => {
  const ms = times(...given).of(zone, ID);
  return ms == null ? null : new Date(ms).toISOString();
};
const wallIn = (zone: string, ms: number): string =>
  DateTime.fromMillis(ms, { zone }).toISO({ includeOffset: false })!.slice(0, 16);

describe('when a device is due', () => {
  const localTime = '2026-12-24T18:00';

  it('is the same instant for all, unless the task says otherwise', () => {
    expect(dueTimes(someTask())).to.equal(null);
  });

  it('is its wall time, in the zone of the task where it has told none that is known', () => {
    const due = times({ localTime, timeZone: 'Asia/Tokyo' });
    expect(due.zoneOf({ timeZone: 'Europe/Berlin' })).to.equal('Europe/Berlin');
    expect(due.zoneOf({})).to.equal('Asia/Tokyo');
    expect(due.zoneOf({ timeZone: 'Fantasia/Castle' })).to.equal('Asia/Tokyo');
    expect(dueIn('Europe/Berlin', { localTime })).to.equal('2026-12-24T17:00:00.000Z');
    expect(dueIn('Asia/Tokyo', { localTime, late: 'now' })).to.equal('2026-12-24T12:00:00.000Z');
  });

  it('goes by the rule where that was over before the task came', () => {
    expect(dueIn('Asia/Tokyo', { localTime, late: 'skip' })).to.equal(null);
    expect(dueIn('Asia/Tokyo', { localTime, late: 'next-day' })).to.equal(
      '2026-12-25T09:00:00.000Z',
    );
    expect(dueIn('Europe/Berlin', { localTime, late: 'next-day' })).to.equal(
      '2026-12-24T17:00:00.000Z',
    );
    // The minute lasts until the next one.
    const created = (at: string) => ({ createdAt: new Date(at) });
    const rule = { localTime, late: 'skip' } as const;
    expect(dueIn('UTC', rule, created('2026-12-24T18:00:59Z'))).to.equal(
      '2026-12-24T18:00:00.000Z',
    );
    expect(dueIn('UTC', rule, created('2026-12-24T18:01:00Z'))).to.equal(null);
    // Where it is the day after the next already.
    expect(
      dueIn('Pacific/Kiritimati', { ...rule, late: 'next-day' }, created('2026-12-25T05:30:00Z')),
    ).to.equal('2026-12-26T04:00:00.000Z');
  });

  it('does not change while the task waits, however late it is looked at', () => {
    const task = timed({ localTime, late: 'skip', spreadMinutes: 90 });
    const first = ZONES.map((zone) => dueTimes(task)!.of(zone, ID));
    const again = ZONES.map((zone) => dueTimes({ ...task })!.of(zone, ID));
    expect(again).to.deep.equal(first);
  });

  it('is the next open window, where one is closed', () => {
    const windows = [{ days: ['mon' as const, 'tue' as const], from: '09:00', to: '12:00' }];
    // A Thursday.
    expect(dueIn('Europe/Berlin', { windows })).to.equal('2026-12-28T08:00:00.000Z');
    expect(dueIn('America/New_York', { windows, localTime: '2026-12-28T11:00' })).to.equal(
      '2026-12-28T16:00:00.000Z',
    );
  });

  it('is a minute of its own where the task is spread, evenly and of each task anew', () => {
    const spreadMinutes = 60;
    const tasks = [timed({ spreadMinutes }), timed({ spreadMinutes })];
    const devices = Array.from({ length: 6_000 }, () => new Types.ObjectId());
    const [first, second] = tasks.map((task) => {
      const due = dueTimes(task)!;
      return devices.map((id) => (due.of('UTC', id)! - Date.parse(NOON)) / MINUTE_MS);
    }) as [number[], number[]];
    for (let minute = 0; minute < spreadMinutes; minute += 1) {
      expect(first.filter((one) => one === minute).length).to.be.within(50, 160);
    }
    expect(first.filter((one, index) => one === second[index]).length).to.be.lessThan(200);
    // Those that a sample lets in have all minutes, too.
    const order = orderBy(tasks[0]!._id.toHexString());
    const sampled = first.filter((_, index) => order(devices[index]!) < 0.1);
    expect(Math.max(...sampled)).to.be.greaterThan(50);
  });

  it('stays in the windows, however it is spread', () => {
    const windows = [{ from: '09:00', to: '10:00' }];
    const spread = times({ windows, spreadMinutes: 120 });
    const devices = Array.from({ length: 1_000 }, () => new Types.ObjectId());
    const due = devices.map((id) => spread.of('UTC', id)!);
    for (const ms of due) expect(spread.nextOpen('UTC', ms)).to.equal(ms);
    // Half of them find it closed when their minute comes.
    const later = due.filter((ms) => ms === Date.parse('2026-12-26T09:00:00Z'));
    expect(later.length).to.be.within(420, 580);
  });

  it('lies within the bounds, in every zone and for every rule', () => {
    const created = ['2026-12-24T03:59:00Z', NOON, '2026-12-25T06:00:30Z'];
    const windows = [{ days: ['wed' as const], from: '09:00', to: '09:15' }];
    const rules: Partial<DueRule>[] = [
      ...(['skip', 'now', 'next-day'] as const).map((late) => ({ localTime, late })),
      { localTime, late: 'next-day', spreadMinutes: 90 },
      { localTime, late: 'next-day', windows, spreadMinutes: 90 },
      { windows },
      { spreadMinutes: 1_440 },
    ];
    for (const at of created) {
      for (const rule of rules) {
        const task = timed(rule, { createdAt: new Date(at) });
        const startMs = Date.parse(at);
        const { firstMs, lastMs } = dueBounds(task.due!, { startMs, nowMs: startMs });
        for (const zone of [...ZONES, 'Etc/GMT-14', 'Etc/GMT+12']) {
          const ms = dueTimes(task)!.of(zone, new Types.ObjectId());
          if (ms != null)
            expect(ms, `${zone} ${JSON.stringify(rule)}`).to.be.within(firstMs, lastMs);
        }
      }
    }
  });

  it('begins the time in which it is tried', () => {
    const dueMs = Date.parse('2026-12-25T09:00:00Z');
    const task = timed({ localTime, ttlSeconds: 3_600 });
    expect(expiryOf(task, dueMs).toISOString()).to.equal('2026-12-25T10:00:00.000Z');
    expect(expiryOf(timed({ localTime }), dueMs)).to.be.an.instanceOf(Date);
    const expiresAt = new Date('2026-12-26T00:00:00Z');
    expect(expiryOf(timed({ localTime }, { expiresAt }), dueMs)).to.equal(expiresAt);
  });

  it('is told of the first and the last', () => {
    const dueAt = (hour: number) => ({ dueAt: new Date(Date.UTC(2026, 11, 24, hour)) });
    expect(dueSpan([{}])).to.equal(null);
    expect(dueSpan([dueAt(9), dueAt(4), {}, dueAt(21)])).to.deep.equal({
      firstDueAt: dueAt(4).dueAt,
      lastDueAt: dueAt(21).dueAt,
    });
  });

  it('comes once on each day of a year, at the wall time, in every zone', () => {
    // Inside of what most clocks leave out or show twice.
    const wallTime = '02:30';
    const days = Array.from({ length: 365 }, (_, day) =>
      new Date(Date.UTC(2026, 0, 1) + day * DAY_MS).toISOString().slice(0, 10),
    );
    const lastMs = new Map<string, number>();
    const leftOut = new Map<string, string[]>();
    for (const day of days) {
      const localTime = `${day}T${wallTime}`;
      const createdAt = new Date(Date.parse(`${day}T00:00:00Z`) - 2 * DAY_MS);
      const due = times({ localTime, late: 'skip' }, { createdAt });
      for (const zone of ZONES) {
        const ms = due.of(zone, ID)!;
        const sinceMs = ms - (lastMs.get(zone) ?? 0);
        expect(sinceMs, zone).to.be.greaterThan(0);
        lastMs.set(zone, ms);
        const wall = wallIn(zone, ms);
        if (wall === localTime) {
          if (sinceMs === DAY_MS) continue;
          // The first time, where it comes twice.
          for (const hours of [0.5, 1, 2]) {
            expect(wallIn(zone, ms - hours * 60 * MINUTE_MS), zone).not.to.equal(localTime);
          }
          continue;
        }
        leftOut.set(zone, [...(leftOut.get(zone) ?? []), day]);
        // Clocks were put on in this minute, over the wall time.
        expect(wallIn(zone, ms - MINUTE_MS) < localTime && localTime < wall, zone).to.equal(true);
        expect(wall.slice(0, 10), zone).to.equal(day);
      }
    }
    expect(leftOut.get('Europe/Berlin')).to.deep.equal(['2026-03-29']);
    expect(leftOut.get('America/New_York')).to.deep.equal(['2026-03-08']);
    expect(leftOut.get('Asia/Tokyo')).to.equal(undefined);
    for (const skipped of leftOut.values()) expect(skipped).to.have.lengthOf(1);
  }).timeout(300_000);
});
