import { expect } from 'chai';
import { appModel } from '../../models/app.js';
import { newAppSecrets } from '../../models/app-secrets.js';
import type { Campaign, CampaignContent } from '../../models/campaign.js';
import { campaignRuns, runsOf } from '../../models/campaign-run.js';
import {
  campaigns,
  changeCampaign,
  createCampaign,
  dueCampaigns,
} from '../../models/campaign-store.js';
import { dbOf } from '../../models/database.js';
import { tasks } from '../../models/lease.js';
import { type CampaignSchedule, checkedRecurrence } from '../../models/recurrence.js';
import { wallText } from '../../models/wall-time.js';
import { jobContext } from '../../test/support/job-context.js';
import { testDatabase } from '../../test/support/mongo.js';
import { ZONES } from '../../test/support/zones.js';
import type { JobContext } from '../context.js';
import { dueTimes } from '../due.js';
import { sweep } from '../sweep.js';
import { approveCampaign, controlCampaign } from './control.js';
import { makeRuns } from './make-runs.js';
import { MOST_REFUSALS } from './run-request.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const YEAR_TIMEOUT_MS = 300_000;

const TASK = {
  audience: { all: true },
  message: { title: 'Hello', silent: false, priority: 'high', purpose: 'service' },
  lane: 'campaign',
  ifUnsure: 'resend',
};

/** What a wall shows, asked of the machine itself. */
const wallOf = (timeZone: string) => {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'short',
  });
  return (atMs: number): string => format.format(atMs).replace(' ', 'T');
};

const daily = (cron: string, timeZone = 'Europe/Berlin'): CampaignSchedule =>
  checkedRecurrence({ cron, timeZone, start: '2026-01-01T00:00' });

describe('The runs of a campaign', () => {
  const database = testDatabase();
  /** Two processes on one database, each with a clock of its own. */
  const clocks = [0, 0];
  let one: JobContext;
  let other: JobContext;

  const db = () => dbOf(database().connection);
  /** As the sweep does it: what a busy machine does not get done in one look is done in the next. */
  const makeAll = async (context: JobContext): Promise<void> => {
    const due = { nextAt: { $lte: new Date(context.parts.now()) } };
    do await makeRuns(context);
    while ((await campaigns(db()).countDocuments(due)) > 0);
  };
  const setClocks = (text: string): void => void clocks.fill(Date.parse(text));

  before(async () => {
    [one, other] = await Promise.all([
      jobContext(database().connection, { now: () => clocks[0]! }),
      jobContext(database().connection, { now: () => clocks[1]! }),
    ]);
    await appModel(database().connection).create({
      _id: 'shop',
      name: 'shop',
      ...newAppSecrets(one.parts.secretBox, 'shop').sealed,
      createdAt: new Date(),
    });
  });
  beforeEach(async () => {
    await campaigns(db()).deleteMany({});
    await campaignRuns(db()).deleteMany({});
    await tasks(db()).deleteMany({});
  });

  const approved = async (change: Partial<CampaignContent> = {}): Promise<Campaign> => {
    const content = {
      task: TASK,
      schedule: daily('0 9 * * *'),
      missed: 'skip',
      ...change,
    } as const;
    const { _id } = await createCampaign(
      database().connection,
      { app: 'shop', name: 'News', content },
      { by: 'editor', at: new Date(clocks[0]!) },
    );
    const request = { app: 'shop', campaign: _id, version: 1, by: 'approver' };
    const campaign = await approveCampaign(one, request);
    if (campaign == null) throw new Error('It is gone');
    return campaign;
  };
  const now = async ({ _id }: Campaign): Promise<Campaign> => {
    const found = await campaigns(db()).findOne({ _id });
    if (found == null) throw new Error('It is gone');
    return found;
  };
  const runs = async ({ _id }: Campaign) => {
    const newest = await runsOf(db(), _id, { limit: 1_000 });
    return newest.toReversed();
  };
  /** Instant and state of each run; the tasks are those of the runs, and no others. */
  const seen = async (campaign: Campaign): Promise<string[]> => {
    const found = await runs(campaign);
    const made = await tasks(db()).find({ campaign: campaign._id }).toArray();
    const hex = (ids: readonly unknown[]): string[] => ids.map(String).toSorted();
    expect(hex(made.map(({ _id }) => _id))).to.deep.equal(
      hex(found.flatMap(({ task }) => task ?? [])),
    );
    return found.map(({ at, state }) => `${at.toISOString().slice(0, 16)} ${state}`);
  };
  const control = (campaign: Campaign, verb: 'pause' | 'resume' | 'end', more = { tasks: false }) =>
    controlCampaign(one, { app: 'shop', campaign: campaign._id, verb, ...more });

  it('are made by the sweep, as tasks of whoever approved it', async () => {
    setClocks('2026-06-01T06:00Z');
    const campaign = await approved();
    expect(campaign).to.deep.include({
      state: 'approved',
      nextAt: new Date('2026-06-01T07:00:00Z'),
    });
    await sweep(one);
    expect(await seen(campaign)).to.deep.equal([]);
    setClocks('2026-06-01T07:00:01Z');
    expect(await sweep(one)).to.deep.equal(['campaign']);
    expect(await seen(campaign)).to.deep.equal(['2026-06-01T07:00 made']);
    expect(await now(campaign)).to.deep.include({
      state: 'running',
      nextAt: new Date('2026-06-02T07:00:00Z'),
      lastRunAt: new Date(clocks[0]!),
    });
    const task = await tasks(db()).findOne({ campaign: campaign._id });
    expect(task).to.include({ createdBy: 'approver', lane: 'campaign', state: 'accepted' });
    expect(task?.createdAt).to.deep.equal(new Date(clocks[0]!));
  });

  it('are looked for with an index', async () => {
    setClocks('2026-06-01T06:00Z');
    await approved();
    const { queryPlanner } = await dueCampaigns(db(), new Date(clocks[0]!)).explain();
    const plan = JSON.stringify(queryPlanner.winningPlan);
    expect(plan).to.contain('"indexName":"nextAt_1"').and.not.contain('COLLSCAN');
  });

  it('are one for each instant when two processes look at the same time', async () => {
    setClocks('2026-06-01T06:00Z');
    const all = await Promise.all([approved(), approved(), approved()]);
    setClocks('2026-06-01T07:00Z');
    await Promise.all([makeRuns(one), makeRuns(other), makeRuns(one), makeRuns(other)]);
    for (const campaign of all) {
      expect(await seen(campaign)).to.deep.equal(['2026-06-01T07:00 made']);
    }
  });

  it('are one for each instant when a clock is put back', async () => {
    setClocks('2026-06-01T06:00Z');
    const campaign = await approved();
    clocks[1] = Date.parse('2026-06-02T07:00Z');
    await makeRuns(other);
    const first = ['2026-06-01T07:00 skipped', '2026-06-02T07:00 made'];
    expect(await seen(campaign)).to.deep.equal(first);
    // A person with the right clock has it begin again, where the wrong clock has been.
    await control(campaign, 'pause');
    await control(campaign, 'resume');
    expect((await now(campaign)).nextAt).to.deep.equal(new Date('2026-06-01T07:00:00Z'));
    for (const text of ['2026-06-01T07:00Z', '2026-06-02T07:00Z', '2026-06-03T07:00Z']) {
      setClocks(text);
      await makeRuns(one);
    }
    expect(await seen(campaign)).to.deep.equal([...first, '2026-06-03T07:00 made']);
  });

  for (const collection of ['tasks', 'campaigns', 'campaign_runs']) {
    it(`are made whole, or not at all and later, when the write to ${collection} fails`, async () => {
      setClocks('2026-06-01T06:00Z');
      const campaign = await approved();
      setClocks('2026-06-01T07:00Z');
      // Refuses all that is written to it.
      await db().command({ collMod: collection, validator: { never: true } });
      await makeRuns(one);
      await db().command({ collMod: collection, validator: {} });
      expect(await seen(campaign)).to.deep.equal([]);
      expect(await now(campaign)).to.deep.include({ state: 'approved', nextAt: campaign.nextAt });
      await makeRuns(other);
      expect(await seen(campaign)).to.deep.equal(['2026-06-01T07:00 made']);
    });
  }

  it('do not wait for the run of another campaign that fails', async () => {
    setClocks('2026-06-01T06:00Z');
    const broken = await approved();
    const campaign = await approved();
    await db().collection('campaign_versions').deleteMany({ campaign: broken._id });
    setClocks('2026-06-01T07:00Z');
    await makeRuns(one);
    expect(await seen(campaign)).to.deep.equal(['2026-06-01T07:00 made']);
    expect(await now(broken)).to.deep.include({ state: 'approved', nextAt: broken.nextAt });
  });

  it('are skipped when they were missed, each of them, and the next is made', async () => {
    setClocks('2026-06-01T06:00Z');
    const campaign = await approved();
    setClocks('2026-06-03T07:10:01Z');
    await makeRuns(one);
    const missed = ['01', '02', '03'].map((day) => `2026-06-${day}T07:00 skipped`);
    expect(await seen(campaign)).to.deep.equal(missed);
    expect((await runs(campaign)).map(({ reason }) => reason)).to.deep.equal(
      missed.map(() => 'missed'),
    );
    setClocks('2026-06-04T07:00Z');
    await makeRuns(one);
    expect(await seen(campaign)).to.deep.equal([...missed, '2026-06-04T07:00 made']);
  });

  it('are caught up once, if that is wanted', async () => {
    setClocks('2026-06-01T06:00Z');
    const campaign = await approved({ missed: 'catch-up-once' });
    setClocks('2026-06-03T20:00Z');
    await Promise.all([makeRuns(one), makeRuns(other)]);
    await makeRuns(one);
    expect(await seen(campaign)).to.deep.equal([
      '2026-06-01T07:00 skipped',
      '2026-06-02T07:00 skipped',
      '2026-06-03T07:00 made',
    ]);
    expect((await now(campaign)).nextAt).to.deep.equal(new Date('2026-06-04T07:00:00Z'));
  });

  it('come to an end with the last instant', async () => {
    setClocks('2026-06-01T06:00Z');
    const once = await approved({ schedule: { at: new Date('2026-06-01T07:00:00Z') } });
    setClocks('2026-06-01T07:00Z');
    await makeRuns(one);
    expect(await seen(once)).to.deep.equal(['2026-06-01T07:00 made']);
    const after = await now(once);
    expect(after).to.include({ state: 'ended' }).and.not.have.property('nextAt');
    expect(after.endedAt).to.deep.equal(new Date(clocks[0]!));
  });

  it('that are refused say why, and pause the campaign when they go on so', async () => {
    setClocks('2026-06-01T06:00Z');
    const message = { template: 'gone' };
    const campaign = await approved({ task: { ...TASK, message } });
    for (let day = 1; day <= MOST_REFUSALS + 1; day += 1) {
      setClocks(`2026-06-0${day}T07:00Z`);
      await makeRuns(one);
    }
    const found = await runs(campaign);
    expect(found).to.have.lengthOf(MOST_REFUSALS);
    for (const { state, refusal, task } of found) {
      expect([state, task]).to.deep.equal(['refused', undefined]);
      expect(refusal).to.deep.equal({
        code: 'VALIDATION_FAILED',
        errors: [{ field: 'message.template', detail: 'Names no template, or no version of it' }],
      });
    }
    const paused = await now(campaign);
    expect(paused).to.include({ state: 'paused', pausedBecause: 'refused' });
    expect(paused).not.to.have.property('nextAt');
    await control(campaign, 'resume');
    expect(await now(campaign))
      .to.deep.include({ state: 'approved', refusals: 0, nextAt: new Date('2026-06-07T07:00Z') })
      .and.not.have.property('pausedBecause');
  });

  it('are made again after one that was refused, and count from the beginning', async () => {
    setClocks('2026-06-01T06:00Z');
    const campaign = await approved();
    await campaigns(db()).updateOne({ _id: campaign._id }, { $set: { refusals: 4 } });
    setClocks('2026-06-01T07:00Z');
    await makeRuns(one);
    expect(await now(campaign)).to.include({ state: 'running', refusals: 0 });
  });

  it('are refused while the app is gone', async () => {
    setClocks('2026-06-01T06:00Z');
    const campaign = await approved();
    await campaigns(db()).updateOne({ _id: campaign._id }, { $set: { app: 'nobody' } });
    setClocks('2026-06-01T07:00Z');
    await makeRuns(one);
    const [run] = await runs(campaign);
    expect(run?.refusal?.code).to.equal('NOT_FOUND');
  });

  it('that have come before an approval are made of the version before', async () => {
    setClocks('2026-06-01T06:00Z');
    const campaign = await approved();
    const content = {
      task: { ...TASK, message: { ...TASK.message, title: 'New' } },
      schedule: daily('0 10 * * *'),
      missed: 'skip',
    } as const;
    const by = { by: 'editor', at: new Date(clocks[0]!) };
    await changeCampaign(database().connection, campaign, { content }, by);
    setClocks('2026-06-01T07:00:01Z');
    // Nobody has swept yet.
    const request = { app: 'shop', campaign: campaign._id, version: 2, by: 'approver' };
    await Promise.all([approveCampaign(one, request), approveCampaign(other, request)]);
    setClocks('2026-06-01T08:00Z');
    await makeRuns(one);
    expect(await seen(campaign)).to.deep.equal(['2026-06-01T07:00 made', '2026-06-01T08:00 made']);
    expect((await runs(campaign)).map(({ version }) => version)).to.deep.equal([1, 2]);
    const titles = await tasks(db())
      .find({ campaign: campaign._id })
      .sort({ createdAt: 1 })
      .toArray();
    expect(titles.map(({ message }) => message.title)).to.deep.equal(['Hello', 'New']);
  });

  it('leave out a pause, and can be paused and cancelled themselves', async () => {
    setClocks('2026-06-01T06:00Z');
    const campaign = await approved();
    setClocks('2026-06-01T07:00Z');
    await makeRuns(one);
    const state = async () => (await tasks(db()).findOne({ campaign: campaign._id }))?.state;
    await control(campaign, 'pause');
    expect(await state()).to.equal('accepted');
    await control(campaign, 'pause', { tasks: true });
    expect(await state()).to.equal('paused');
    setClocks('2026-06-02T07:00Z');
    await makeRuns(one);
    await control(campaign, 'resume', { tasks: true });
    expect(await state()).to.equal('accepted');
    await makeRuns(one);
    expect(await now(campaign)).to.deep.include({
      state: 'running',
      nextAt: new Date('2026-06-03T07:00:00Z'),
    });
    await control(campaign, 'end', { tasks: true });
    expect(await state()).to.equal('cancelled');
    setClocks('2026-06-03T07:00Z');
    await makeRuns(one);
    expect(await seen(campaign)).to.deep.equal(['2026-06-01T07:00 made']);
  });

  it('are one a day for a year, by two processes whose clocks jump', async function () {
    this.timeout(YEAR_TIMEOUT_MS);
    const fromMs = Date.parse('2026-01-01T00:30Z');
    const toMs = Date.parse('2027-01-01T00:30Z');
    clocks.fill(fromMs);
    // Left out in spring, and twice in autumn.
    const campaign = await approved({ schedule: daily('30 2 * * *'), missed: 'catch-up-once' });
    let jump = 0;
    for (let atMs = fromMs; atMs < toMs; atMs += 11 * HOUR_MS) {
      jump = (jump + 37) % 180;
      clocks[0] = atMs;
      clocks[1] = atMs + (jump - 90) * MINUTE_MS;
      await Promise.all([makeAll(one), makeAll(other)]);
    }
    const wall = wallOf('Europe/Berlin');
    const found = await seen(campaign);
    expect(found.every((run) => run.endsWith(' made'))).to.equal(true);
    const walls = (await runs(campaign)).map(({ at }) => wall(at.getTime()));
    const expected = Array.from({ length: 365 }, (_, day) => {
      const date = new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10);
      return `${date}T${date === '2026-03-29' ? '03:00' : '02:30'}`;
    });
    expect(walls).to.deep.equal(expected);
  });

  it('are due at their time on every clock on earth, once on each day of a year', async function () {
    this.timeout(YEAR_TIMEOUT_MS);
    const fromMs = Date.parse('2026-01-01T00:00Z');
    const toMs = Date.parse('2027-01-01T00:00Z');
    clocks.fill(fromMs);
    // Left out on some nights, and twice on others.
    const schedule = daily('30 2 * * *', 'device');
    const task = { ...TASK, schedule: { late: 'skip', timeZone: 'UTC' } };
    const campaign = await approved({ task, schedule });
    for (let atMs = fromMs; atMs < toMs; atMs += 12 * HOUR_MS) {
      clocks.fill(atMs);
      await makeAll(one);
    }
    const made = await tasks(db())
      .find({ campaign: campaign._id })
      .sort({ createdAt: 1 })
      .toArray();
    const days = Array.from({ length: 365 }, (_, day) =>
      wallText(Date.UTC(2026, 0, 2 + day, 2, 30)),
    );
    expect(made.map(({ due }) => due?.localTime)).to.deep.equal(days);
    for (const zone of ZONES) {
      const wall = wallOf(zone);
      for (const { scheduledAt, due, ...times } of made) {
        const at = scheduledAt == null ? {} : { scheduledAt };
        const dueMs = dueTimes({ ...times, ...at, due: due! })?.of(zone, { id: times._id.id });
        // Null would be too late for some.
        if (dueMs == null) throw new Error(`${due?.localTime} is late in ${zone}`);
        const shown = [dueMs - MINUTE_MS, dueMs].map(wall);
        const name = `${due?.localTime} in ${zone}: ${shown.join(', ')}`;
        expect(shown[0]! < due!.localTime! && shown[1]! >= due!.localTime!, name).to.equal(true);
      }
    }
  });
});
