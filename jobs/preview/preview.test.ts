import { expect } from 'chai';
import { Types } from 'mongoose';
import type { App } from '../../models/app.js';
import { openHashSecret } from '../../models/app-secrets.js';
import { dbOf } from '../../models/database.js';
import type { Device } from '../../models/device.js';
import type { QuietSettings } from '../../models/quiet-hours.js';
import type { AccountItem, Audience, TaskMessage } from '../../models/task.js';
import { tokenKey } from '../../models/token-key.js';
import { type EngineTest, engineTest } from '../../test/support/engine.js';
import { testDatabase } from '../../test/support/mongo.js';
import { type TaskInput, TaskRefused } from '../engine.js';
import type { Preview } from './preview.js';

const HOUR_MS = 3_600_000;
/** Half past ten in Berlin, half past four in New York. */
const EVENING = Date.parse('2026-11-22T21:30:00.000Z');
const MESSAGE: TaskMessage = {
  title: 'Hello',
  silent: false,
  priority: 'high',
  purpose: 'marketing',
  localized: { de: { title: 'Hallo' }, zh: { title: '你好' } },
};
const GRANTED = { push: 'granted', purposes: { marketing: 'granted' } } as const;

describe('the preview of a task', function () {
  this.timeout(120_000);
  const database = testDatabase();
  let test: EngineTest;
  let nowMs: number;
  let made = 0;

  beforeEach(async () => {
    nowMs = EVENING;
    test = await engineTest(database().connection, { now: () => nowMs });
    await test.addProfile('sandbox');
  });
  afterEach(() => test.engine.stop(2_000));

  const db = () => dbOf(database().connection);
  const add = (change: Partial<Device> = {}): Promise<Types.ObjectId> => {
    made += 1;
    return test.addDevice(`sandbox-accept-seen-${made}`, { consent: GRANTED, ...change });
  };
  const input = (audience: Audience, change: Partial<TaskInput> = {}): TaskInput => ({
    audience,
    message: MESSAGE,
    lane: 'default',
    ifUnsure: 'resend',
    ...change,
  });
  const preview = (
    audience: Audience,
    change: Partial<TaskInput> = {},
    fast = false,
  ): Promise<Preview> =>
    test.engine.preview({ app: test.app, by: 'test', input: input(audience, change), fast });
  const quiet = async (quietHours: QuietSettings): Promise<void> => {
    await db().collection<App>('apps').updateOne({ _id: test.app._id }, { $set: { quietHours } });
    test.engine.appChanged(test.app._id);
  };

  /** One of each kind that ends otherwise. */
  const addMixed = async (): Promise<void> => {
    for (const locale of ['de', 'de-AT', 'zh-Hant-TW', 'fr', undefined]) {
      await add({ tags: ['mixed'], ...(locale == null ? {} : { locale }) });
    }
    await add({ tags: ['mixed', 'churned'] });
    await add({ tags: ['mixed'], consent: { purposes: {} } });
    await add({ tags: ['mixed'], consent: { push: 'granted', purposes: {} } });
    await add({ tags: ['mixed'], state: 'gone' });
    await add({ tags: ['mixed'], profile: 'unknown' });
    const token = `sandbox-accept-listed-${made}`;
    await test.addDevice(token, { tags: ['mixed'], consent: GRANTED });
    const key = tokenKey(openHashSecret(test.parts.secretBox, test.app), 'sandbox', token);
    await db()
      .collection('suppressions')
      .insertOne({
        _id: key as never,
        app: test.app._id,
        kind: 'token',
        reason: 'erased',
        at: new Date(),
      });
  };

  it('tells what the task then does, of each kind of device and audience', async () => {
    await addMixed();
    const device = await add({ account: 'ada', locale: 'zh' });
    const audiences: Audience[] = [
      { tags: 'mixed' },
      { where: 'mixed & locale in (de, de-AT)' },
      { all: true, exclude: { where: 'churned' } },
      { all: true, limit: 3, salt: 'spring' },
      { all: true, sample: 40, salt: 'spring' },
      { devices: [device.toHexString(), new Types.ObjectId().toHexString()] },
      { accounts: [{ account: 'ada' }, { account: 'nobody' }] },
      { tokens: [{ token: 'sandbox-accept-of-nobody' }] },
    ];
    for (const audience of audiences) {
      const seen = await preview(audience);
      const task = await test.accept(input(audience));
      const { unmatched } = await test.ended(task);
      const { states, reasons, targeted } = await test.engine.report(task);
      const what = JSON.stringify(audience);
      expect(seen.targeted, what).to.equal(targeted);
      expect(seen.reached, what).to.equal(states.accepted);
      expect(seen.suppressed, what).to.deep.equal(reasons.suppressed ?? {});
      expect(seen.unmatched, what).to.equal(unmatched);
      expect(seen.byVendor, what).to.deep.equal(
        states.accepted === 0 ? {} : { sandbox: states.accepted },
      );
    }
  });

  it('counts languages by the text that people get', async () => {
    await addMixed();
    const { byLocale } = await preview({ tags: 'mixed' });
    expect(byLocale).to.deep.equal({ de: 2, zh: 1, default: 3 });
  });

  it('says when the first and the last push leave', async () => {
    await quiet({
      rules: [{ from: '22:00', to: '08:00', action: 'hold' }],
      timeZone: 'Europe/Berlin',
    });
    const expiresAt = new Date(nowMs + 24 * HOUR_MS);
    await add({ tags: ['now'], timeZone: 'America/New_York' });
    await add({ tags: ['now'], timeZone: 'Europe/Berlin' });
    const { held, firstAt, lastAt } = await preview({ tags: 'now' }, { expiresAt });
    expect(held).to.deep.equal({ 'quiet-hours': 1 });
    expect(firstAt).to.deep.equal(new Date(nowMs));
    expect(lastAt).to.deep.equal(new Date('2026-11-23T07:00:00.000Z'));
    const later = { at: new Date('2026-11-23T14:00:00.000Z') };
    const byDay = await preview({ tags: 'now' }, { schedule: later });
    expect(byDay).to.deep.include({ held: {}, firstAt: later.at, lastAt: later.at });
    const slow = await preview({ tags: 'now' }, { schedule: later, ratePerSecond: 1 });
    expect(slow.lastAt).to.deep.equal(new Date(later.at.getTime() + 2_000));
  });

  it('tells who is left in peace, and who would be too late', async () => {
    await add({ tags: ['peace'] });
    const rule = { from: '22:00', to: '08:00' } as const;
    await quiet({ rules: [{ ...rule, action: 'drop' }], timeZone: 'Europe/Berlin' });
    expect(await preview({ tags: 'peace' })).to.deep.include({
      reached: 0,
      suppressed: { 'quiet-hours': 1 },
    });
    await quiet({ rules: [{ ...rule, action: 'hold' }], timeZone: 'Europe/Berlin' });
    const soon = { expiresAt: new Date(nowMs + HOUR_MS) };
    const seen = await preview({ tags: 'peace' }, soon);
    expect(seen).to.deep.include({ targeted: 1, reached: 0, expired: { 'quiet-hours': 1 } });
    expect(seen).to.not.have.any.keys('firstAt', 'lastAt');
  });

  it('tells for whom a template has no text', async () => {
    await add({ account: 'with' });
    await add({ account: 'without' });
    const template = { name: 'parcels', version: 1, locale: 'en', timeZone: 'UTC' };
    const message = { ...MESSAGE, localized: {}, title: '{count, number} parcels', template };
    const accounts: AccountItem[] = [
      { account: 'with', data: { count: '2' } },
      { account: 'without', data: { other: 'x' } },
    ];
    expect(await preview({ accounts }, { message })).to.deep.include({
      targeted: 2,
      reached: 1,
      failed: { template: 1 },
    });
  });

  it('refuses what an acceptance refuses', async () => {
    const message = { ...MESSAGE, title: 'x'.repeat(10_000) };
    const refused = await preview({ all: true }, { message }).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(TaskRefused);
  });

  it('writes nothing', async () => {
    await add({ tags: ['seen'] });
    const counts = async (): Promise<Record<string, number>> => {
      const names = (await db().listCollections().toArray()).map(({ name }) => name);
      const found = names.map(async (name) => [name, await db().collection(name).countDocuments()]);
      return Object.fromEntries(await Promise.all(found));
    };
    const before = await counts();
    await preview({ tags: 'seen', limit: 1 });
    await preview({ tags: 'seen' }, {}, true);
    expect(await counts()).to.deep.equal(before);
  });

  context('of many devices, when it is to be fast', () => {
    const MANY = 25_000;

    beforeEach(async () => {
      const now = new Date(nowMs);
      const devices = Array.from({ length: MANY }, (_, index): Device => {
        const id = new Types.ObjectId();
        return {
          _id: id,
          app: test.app._id,
          vendor: 'sandbox',
          profile: 'default',
          token: `sandbox-accept-${id.toHexString()}`,
          tokenKey: Buffer.concat([id.id, Buffer.alloc(4)]),
          tags: [],
          consent: index % 5 === 0 ? { purposes: {} } : GRANTED,
          locale: index % 2 === 0 ? 'de' : 'fr',
          state: 'active',
          registeredAt: now,
          createdAt: now,
          updatedAt: now,
        };
      });
      await db().collection<Device>('devices').insertMany(devices);
    });

    it('reckons, and says how far off it may be', async () => {
      const exact = await preview({ all: true, exclude: { where: 'locale = zh' } });
      const seen = await preview({ all: true, exclude: { where: 'locale = zh' } }, {}, true);
      expect(exact).to.not.have.property('estimate');
      expect(exact).to.deep.include({ targeted: MANY, reached: (MANY / 5) * 4 });
      expect(seen.estimate?.sampled).to.equal(10_000);
      const margin = seen.estimate?.margin ?? 0;
      expect(margin).to.be.within(100, 250);
      // One in a hundred million is further off than this.
      const tolerance = 3 * margin;
      expect(seen.targeted).to.be.closeTo(MANY, tolerance);
      expect(seen.reached).to.be.closeTo(exact.reached, tolerance);
      expect(seen.suppressed['no-consent']).to.be.closeTo(MANY / 5, tolerance);
      expect(seen.byLocale['de']).to.be.closeTo(exact.byLocale['de'] ?? 0, tolerance);
    });

    it('knows of a limit', async () => {
      const seen = await preview({ all: true, limit: 5_000 }, {}, true);
      expect(seen.targeted).to.equal(5_000);
      expect(seen.reached).to.be.closeTo(4_000, 3 * (seen.estimate?.margin ?? 0));
    });
  });
});
