import { expect } from 'chai';
import { type App, appModel } from '../../models/app.js';
import { newAppSecrets } from '../../models/app-secrets.js';
import type { Campaign } from '../../models/campaign.js';
import { campaigns, createCampaign } from '../../models/campaign-store.js';
import { dbOf } from '../../models/database.js';
import { erase } from '../../models/erase.js';
import { tasks } from '../../models/lease.js';
import { suppress } from '../../models/suppression-list.js';
import { accountKey } from '../../models/token-key.js';
import { dueEntries, entries, type TriggerEntry } from '../../models/trigger-entry.js';
import { standings } from '../../models/trigger-standing.js';
import { jobContext } from '../../test/support/job-context.js';
import { testDatabase } from '../../test/support/mongo.js';
import type { JobContext } from '../context.js';
import { sweep } from '../sweep.js';
import { approveCampaign, controlCampaign } from './control.js';
import { sendEntries } from './send-entries.js';
import { takeEvents } from './take-events.js';

const HOUR_MS = 3_600_000;
const ACCOUNTS = ['ada', 'bob', 'cleo'];

const CONTENT = {
  task: {
    message: { title: 'Hello', silent: false, priority: 'high', purpose: 'service' },
    lane: 'campaign',
    ifUnsure: 'resend',
  },
  schedule: {
    trigger: { event: 'start', afterSeconds: 3_600, unless: ['stop'], reentry: 'never' },
  },
  missed: 'catch-up-once',
} as const;

describe('The entries of a triggered campaign', () => {
  const database = testDatabase();
  let nowMs = Date.parse('2026-06-01T06:00Z');
  /** Two processes on one database. */
  let one: JobContext;
  let other: JobContext;
  let campaign: Campaign;

  const db = () => dbOf(database().connection);
  const tell = (name: string, account: string, atMs = nowMs): Promise<void> =>
    takeEvents(one, 'shop', [{ account, name, at: new Date(atMs), properties: {} }]);
  const found = (): Promise<TriggerEntry[]> =>
    entries(db()).find({ campaign: campaign._id }).sort({ account: 1 }).toArray();
  const states = async (): Promise<string[]> =>
    (await found()).map(({ account, state }) => `${account} ${state}`);
  const all = (state: string): string[] => ACCOUNTS.map((account) => `${account} ${state}`);
  /** Nobody is sent to by two tasks, nor by one that no entry knows. */
  const expectSentOnce = async (): Promise<void> => {
    const made = await tasks(db()).find({ campaign: campaign._id }).toArray();
    expect(made.map(({ _id }) => String(_id))).to.have.members([
      ...new Set((await found()).map(({ task }) => String(task))),
    ]);
    expect(made.reduce((sum, { unmatched = 0 }) => sum + unmatched, 0)).to.equal(ACCOUNTS.length);
    const sentAt = (await standings(db()).find().toArray()).map((standing) => standing.sentAt);
    expect(sentAt.map((instants) => instants?.length)).to.deep.equal(ACCOUNTS.map(() => 1));
  };

  before(async () => {
    one = await jobContext(database().connection, { now: () => nowMs });
    const { secretBox } = one.parts;
    other = await jobContext(database().connection, { now: () => nowMs, secretBox });
    await appModel(database().connection).create({
      _id: 'shop',
      name: 'shop',
      ...newAppSecrets(one.parts.secretBox, 'shop').sealed,
      createdAt: new Date(),
    } satisfies Partial<App>);
  });
  beforeEach(async () => {
    await Promise.all([
      campaigns(db()).deleteMany({}),
      entries(db()).deleteMany({}),
      standings(db()).deleteMany({}),
      tasks(db()).deleteMany({}),
    ]);
    const { _id } = await createCampaign(
      database().connection,
      { app: 'shop', name: 'Cart', content: { ...CONTENT, task: { ...CONTENT.task } } },
      { by: 'editor', at: new Date(nowMs) },
    );
    const request = { app: 'shop', campaign: _id, version: 1, by: 'approver' };
    campaign = (await approveCampaign(one, request))!;
    one.triggers.changed('shop');
    for (const account of ACCOUNTS) await tell('start', account);
    nowMs += HOUR_MS;
  });

  it('are sent by the sweep, as a task of whoever approved it', async () => {
    nowMs -= 1;
    await sweep(one);
    expect(await states()).to.deep.equal(all('waiting'));
    nowMs += 1;
    await sweep(one);
    expect(await states()).to.deep.equal(all('sent'));
    await expectSentOnce();
    const [task] = await tasks(db()).find().toArray();
    expect(task).to.include({ createdBy: 'approver', lane: 'campaign' });
  });

  it('are looked for with an index', async () => {
    const plan = await dueEntries(db(), campaign._id, new Date(nowMs)).explain();
    const text = JSON.stringify(plan.queryPlanner.winningPlan);
    expect(text)
      .to.contain('"indexName":"campaign_1_dueAt_1"')
      .and.not.match(/COLLSCAN|"SORT"/);
  });

  it('are sent once when several processes look at the same time', async () => {
    await Promise.all([sendEntries(one), sendEntries(other), sendEntries(one), sendEntries(other)]);
    expect(await states()).to.deep.equal(all('sent'));
    await expectSentOnce();
  });

  for (const collection of ['tasks', 'campaigns', 'trigger_entries', 'trigger_standings']) {
    it(`are sent whole, or not at all and later, when the write to ${collection} fails`, async () => {
      // Refuses all that is written to it.
      await db().command({ collMod: collection, validator: { never: true } });
      await sendEntries(one);
      await db().command({ collMod: collection, validator: {} });
      expect(await states()).to.deep.equal(all('waiting'));
      expect(await tasks(db()).countDocuments()).to.equal(0);
      await sendEntries(other);
      expect(await states()).to.deep.equal(all('sent'));
      await expectSentOnce();
    });
  }

  it('are sent or cancelled, never both, when both come at the same time', async () => {
    await Promise.all([
      sendEntries(one),
      ...ACCOUNTS.map((account) => tell('stop', account)),
      sendEntries(other),
    ]);
    const made = await tasks(db()).find({ campaign: campaign._id }).toArray();
    const sent = (await found()).filter(({ state }) => state === 'sent');
    expect(made.reduce((sum, { unmatched = 0 }) => sum + unmatched, 0)).to.equal(sent.length);
    for (const { state } of await found()) expect(state).to.be.oneOf(['sent', 'cancelled']);
  });

  it('begin once when a start and what cancels it come at the same time', async () => {
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const account = `racer-${index % 4}`;
        await tell('start', account, nowMs - 2);
        await tell('stop', account, nowMs - 1);
      }),
    );
    const racers = (await found()).filter(({ account }) => account.startsWith('racer'));
    expect(racers.map(({ state }) => state)).not.to.contain('waiting');
    expect(racers.length).to.be.at.most(4);
  });

  it('are not sent, and not kept, when the account is on the suppression list', async () => {
    const key = accountKey(await one.secrets('shop'), 'bob');
    await suppress(db(), 'shop', [{ key, kind: 'account' }], new Date(nowMs));
    await sendEntries(one);
    expect(await states()).to.deep.equal(['ada sent', 'cleo sent']);
    await db().collection('suppressions').deleteMany({});
  });

  it('are not begun by an event that comes in the moment of an erasure', async () => {
    const hashSecret = await one.secrets('shop');
    const context = {
      ...{ connection: database().connection, app: 'shop', hashSecret },
      now: new Date(nowMs),
    };
    await Promise.all([
      ...Array.from({ length: 10 }, () => tell('start', 'eve')),
      erase(context, { account: 'eve' }),
      ...Array.from({ length: 10 }, () => tell('start', 'eve')),
    ]);
    expect((await found()).map(({ account }) => account)).to.deep.equal(ACCOUNTS);
    await db().collection('suppressions').deleteMany({});
  });

  it('that are written while the campaign ends are dropped as well, and then nothing is left', async () => {
    // Still believes that it runs.
    await other.triggers.of('shop');
    await controlCampaign(one, { app: 'shop', campaign: campaign._id, verb: 'end', tasks: false });
    await sendEntries(one);
    expect(await states()).to.deep.equal(all('dropped'));
    await takeEvents(other, 'shop', [
      { account: 'dora', name: 'start', at: new Date(nowMs), properties: {} },
    ]);
    nowMs += 10 * 60_000;
    await sendEntries(one);
    expect(await states()).to.deep.equal([...all('dropped'), 'dora dropped']);
    expect(await standings(db()).countDocuments()).to.equal(0);
    expect(await campaigns(db()).findOne({ _id: campaign._id })).not.to.have.property('trigger');
  });
});
