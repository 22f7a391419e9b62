import { expect } from 'chai';
import type { MissedRule } from '../../models/campaign.js';
import { checkedRecurrence } from '../../models/recurrence.js';
import { judgeDue, ON_TIME_MS } from './due.js';

const MINUTE_MS = 60_000;

describe('What is due of a campaign', () => {
  const instant = (text: string): Date => new Date(`2026-06-${text}:00Z`);
  const daily = checkedRecurrence({
    cron: '0 9 * * *',
    timeZone: 'UTC',
    start: '2026-06-01T00:00',
    end: '2026-06-09T23:00',
  });
  const judge = (now: Date, missed: MissedRule = 'skip', nextAt = instant('03T09:00')) =>
    judgeDue({ schedule: daily, missed }, nextAt, now);

  it('is nothing before its time', () => {
    expect(judge(instant('03T08:59'))).to.deep.equal({ missed: [], nextAt: instant('03T09:00') });
  });

  it('is run at while it is on time, and not a moment later', () => {
    const runAt = instant('03T09:00');
    const nextAt = instant('04T09:00');
    const last = new Date(runAt.getTime() + ON_TIME_MS);
    expect(judge(runAt)).to.deep.equal({ runAt, missed: [], nextAt });
    expect(judge(last)).to.deep.equal({ runAt, missed: [], nextAt });
    expect(judge(new Date(last.getTime() + 1))).to.deep.equal({ missed: [runAt], nextAt });
  });

  it('is run at once for all that was missed, at the last of them, if that is wanted', () => {
    const come = ['03T09:00', '04T09:00', '05T09:00'].map(instant);
    const nextAt = instant('06T09:00');
    const now = instant('05T21:00');
    expect(judge(now)).to.deep.equal({ missed: come, nextAt });
    expect(judge(now, 'catch-up-once')).to.deep.equal({
      runAt: come[2],
      missed: come.slice(0, 2),
      nextAt,
    });
  });

  it('is run at only once, when the last of several is on time', () => {
    const { runAt, missed } = judge(instant('04T09:05'));
    expect([runAt, missed]).to.deep.equal([instant('04T09:00'), [instant('03T09:00')]]);
  });

  it('has no next instant behind the last', () => {
    expect(judge(instant('09T09:00'), 'skip', instant('09T09:00'))).to.deep.equal({
      runAt: instant('09T09:00'),
      missed: [],
    });
    const at = instant('03T09:00');
    expect(judgeDue({ schedule: { at }, missed: 'skip' }, at, at)).to.deep.equal({
      runAt: at,
      missed: [],
    });
  });

  it('is looked at piece by piece after a long time, and run at in the last piece alone', () => {
    const schedule = checkedRecurrence({
      cron: '* * * * *',
      timeZone: 'UTC',
      start: '2026-06-01T00:00',
    });
    const now = instant('02T00:00');
    let nextAt: Date | undefined = instant('01T00:00');
    let missed = 0;
    const runs: Date[] = [];
    while (nextAt != null && nextAt <= now) {
      const due = judgeDue({ schedule, missed: 'catch-up-once' }, nextAt, now);
      expect(due.missed.length).to.be.at.most(500);
      missed += due.missed.length;
      if (due.runAt != null) runs.push(due.runAt);
      nextAt = due.nextAt;
    }
    expect([missed, runs]).to.deep.equal([24 * 60, [now]]);
    expect(nextAt).to.deep.equal(new Date(now.getTime() + MINUTE_MS));
  });

  context('when it is for the clocks of devices', () => {
    const schedule = checkedRecurrence({
      cron: '0 9 * * *',
      timeZone: 'device',
      start: '2026-06-01T00:00',
    });
    /** Half an hour before the first clock on earth, 14 hours ahead, shows 9 on 3 June. */
    const runAt = instant('02T18:30');
    const nextAt = instant('03T18:30');
    const judgeDevices = (now: Date, missed: MissedRule) =>
      judgeDue({ schedule, missed }, runAt, now);

    it('is on time until one of them shows it', () => {
      const run = { runAt, missed: [], nextAt };
      expect(judgeDevices(instant('02T19:00'), 'skip')).to.deep.equal(run);
      expect(judgeDevices(instant('02T19:01'), 'skip')).to.deep.equal({ missed: [runAt], nextAt });
    });

    it('is caught up while some do not show it yet', () => {
      const friday = checkedRecurrence({
        cron: '0 9 * * 5',
        timeZone: 'device',
        start: '2026-06-01T00:00',
      });
      const at = instant('04T18:30');
      const judgeFriday = (now: Date) =>
        judgeDue({ schedule: friday, missed: 'catch-up-once' }, at, now);
      expect(judgeFriday(instant('05T20:59')).runAt).to.deep.equal(at);
      expect(judgeFriday(instant('05T21:00')).missed).to.deep.equal([at]);
    });
  });
});
