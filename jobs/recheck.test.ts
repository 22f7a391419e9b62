import { expect } from 'chai';
import { Types } from 'mongoose';
import { openHashSecret } from '../models/app-secrets.js';
import { dbOf } from '../models/database.js';
import type { Device } from '../models/device.js';
import type { Audience, Task } from '../models/task.js';
import { accountKey, tokenKey } from '../models/token-key.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';

describe('a device that changes between plan and dispatch', () => {
  const database = testDatabase();
  let door: EngineTest;
  let device: Types.ObjectId;

  const devices = () => dbOf(database().connection).collection<Device>('devices');

  /** Plans at the door, lets something happen, and only then lets a worker send. */
  const sendAfter = async (audience: Audience, change: () => Promise<unknown>): Promise<Task> => {
    const task = await door.accept({ audience, consentAsserted: 'tokens' in audience });
    expect(task).to.include({ planned: true, state: 'sending' });
    await change();
    const worker = await engineTest(database().connection, {
      app: door.app,
      secretBox: door.parts.secretBox,
    });
    await worker.ended(task);
    await worker.engine.stop(2_000);
    return task;
  };
  const toDevice = (): Audience => ({ devices: [device.toHexString()] });
  const update = (set: Record<string, unknown>) => () =>
    devices().updateOne({ _id: device }, { $set: set });
  const expectSuppressed = async (task: Task, reason: string): Promise<void> => {
    expect(await door.rows(task)).to.deep.include.members([
      { device: device.toHexString(), state: 'suppressed', reason },
    ]);
    expect((await door.engine.report(task)).states).to.include({ accepted: 0, suppressed: 1 });
  };

  beforeEach(async () => {
    door = await engineTest(database().connection, { lanes: [] });
    await door.addProfile('sandbox');
    device = await door.addDevice(`sandbox-accept-${new Types.ObjectId().toHexString()}`, {
      account: 'ada',
      consent: { push: 'granted', purposes: { marketing: 'granted' } },
    });
  });
  afterEach(() => door.engine.stop(2_000));

  it('gets the push when nothing happens', async () => {
    const task = await sendAfter(toDevice(), () => Promise.resolve());
    expect(await door.rows(task)).to.deep.equal([
      { device: device.toHexString(), state: 'accepted' },
    ]);
  });

  it('gets nothing once it has withdrawn its consent', async () => {
    const task = await sendAfter(toDevice(), update({ 'consent.push': 'denied' }));
    await expectSuppressed(task, 'no-consent');
  });

  it('gets nothing once it is deleted', async () => {
    const task = await sendAfter(toDevice(), () => devices().deleteOne({ _id: device }));
    await expectSuppressed(task, 'erased');
  });

  it('gets nothing meant for the account it belonged to', async () => {
    const audience = { accounts: [{ account: 'ada' }] };
    const task = await sendAfter(audience, update({ account: 'bob' }));
    await expectSuppressed(task, 'account-changed');
  });

  it('gets nothing once its account is on the suppression list', async () => {
    const key = accountKey(openHashSecret(door.parts.secretBox, door.app), 'ada');
    const task = await sendAfter(toDevice(), () => suppress(key));
    await expectSuppressed(task, 'suppression-list');
  });

  it('gets nothing once its token is gone', async () => {
    const task = await sendAfter(toDevice(), update({ state: 'gone' }));
    await expectSuppressed(task, 'token-gone');
  });

  it('gets nothing through credentials of a profile it has left', async () => {
    const task = await sendAfter(toDevice(), update({ profile: 'debug' }));
    await expectSuppressed(task, 'profile-changed');
  });

  const suppress = (key: Buffer) =>
    database()
      .connection.collection('suppressions')
      .insertOne({
        _id: key as never,
        app: door.app._id,
        kind: 'account',
        reason: 'erased',
        at: new Date(),
      });

  context('when it is an unregistered token of an app that allows those', () => {
    const token = 'sandbox-accept-raw';
    const audience: Audience = { tokens: [{ token, vendor: 'sandbox' }] };

    beforeEach(() => {
      door.app.allowRawTokens = true;
    });

    it('gets the push when the caller asserts consent', async () => {
      const task = await sendAfter(audience, () => Promise.resolve());
      expect((await door.engine.report(task)).states).to.include({ accepted: 1 });
    });

    it('gets nothing once somebody has registered the token and said no', async () => {
      const task = await sendAfter(audience, () =>
        door.addDevice(token, { consent: { push: 'denied', purposes: {} } }),
      );
      expect((await door.engine.report(task)).reasons).to.deep.equal({
        suppressed: { 'no-consent': 1 },
      });
    });

    it('gets nothing once the token is on the suppression list', async () => {
      const key = tokenKey(openHashSecret(door.parts.secretBox, door.app), 'sandbox', token);
      const task = await sendAfter(audience, () => suppress(key));
      expect((await door.engine.report(task)).reasons).to.deep.equal({
        suppressed: { 'suppression-list': 1 },
      });
    });
  });
});
