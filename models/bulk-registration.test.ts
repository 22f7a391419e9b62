import { createHash } from 'node:crypto';
import { expect } from 'chai';
import mongoose, { type Types } from 'mongoose';
import { testDatabase } from '../test/support/mongo.js';
import { type AttributeChange, MAX_ATTRIBUTES } from './attributes.js';
import {
  type BulkContext,
  type RegistrationRequest,
  type RegistrationResult,
  registerDevices,
} from './bulk-registration.js';
import { consentRecordModel, consentRecordsIn } from './consent-record.js';
import { dbOf } from './database.js';
import { type Device, deviceModel } from './device.js';
import { devicesIn } from './device-store.js';
import { type EraseContext, type Erased, erase } from './erase.js';
import { versionKey } from './expression/version.js';
import { suppressionModel } from './suppression.js';
import { keyText, suppress, suppressedSince, suppressionsOf } from './suppression-list.js';
import { accountKey, tokenKey } from './token-key.js';

const NOW = new Date('2026-11-22T10:00:00Z');
const LATER = new Date('2026-11-22T11:00:00Z');

const request = (fields: Partial<RegistrationRequest> = {}): RegistrationRequest => ({
  vendor: 'fcm',
  profile: 'default',
  token: 'token-1',
  ...fields,
});

const idOf = (result: RegistrationResult | undefined): Types.ObjectId => {
  if (result == null || result.kind === 'refused') throw new Error('It was refused');
  return result.id;
};

describe('Registration of devices', () => {
  const db = testDatabase();
  let app = '';
  let apps = 0;
  const secret = (of = app): Buffer => createHash('sha256').update(of).digest();

  const using = (fields: Partial<BulkContext> = {}): BulkContext => ({
    connection: db().connection,
    app,
    hashSecret: secret(),
    by: 'key-1',
    cause: 'registration',
    now: NOW,
    devicesPerAccount: 1_000,
    ...fields,
  });
  const erasing = (): EraseContext => using({ now: LATER });

  const register = async (
    fields: Partial<RegistrationRequest> = {},
    context: Partial<BulkContext> = {},
  ): Promise<RegistrationResult> => {
    const [result] = await registerDevices(using(context), [request(fields)]);
    return result!;
  };
  const registered = async (...given: Parameters<typeof register>) =>
    idOf(await register(...given));

  const stored = async (id: Types.ObjectId): Promise<Device> => {
    const device = await devicesIn(dbOf(db().connection)).findOne(
      { _id: id, app },
      { promoteBuffers: true },
    );
    if (device == null) throw new Error('There is no such device');
    return device;
  };
  const all = (): Promise<Device[]> =>
    devicesIn(dbOf(db().connection)).find({ app }).sort({ _id: 1 }).toArray();
  const history = (device: Types.ObjectId) =>
    consentRecordsIn(dbOf(db().connection)).find({ app, device }).sort({ at: 1, _id: 1 }).toArray();
  const listed = () => suppressionsOf(dbOf(db().connection)).countDocuments({ app });

  before(async () => {
    const { connection } = db();
    await Promise.all(
      [deviceModel, consentRecordModel, suppressionModel].map((model) => model(connection).init()),
    );
  });
  beforeEach(() => {
    apps += 1;
    app = `app-${apps}`;
  });

  it('keeps everything that was stated, and asks for no consent', async () => {
    const facts = {
      installationId: 'installation-1',
      account: 'ann',
      tags: ['vip'],
      locale: 'de-DE',
      timeZone: 'Europe/Berlin',
      appVersion: '1.0',
    };
    const device = await stored(await registered(facts));
    expect(device).to.deep.include({
      ...facts,
      vendor: 'fcm',
      profile: 'default',
      token: 'token-1',
      consent: { purposes: {} },
      state: 'active',
      registeredAt: NOW,
      createdAt: NOW,
    });
    expect(await history(device._id)).to.deep.equal([]);
  });

  it('keeps beside versions and attributes what they are compared as, and takes it away with them', async () => {
    const id = await registered({
      appVersion: '3.10.0',
      osVersion: 'nightly',
      attributes: { level: 3, until: '2027-01-31', firmware: '2.10', plan: 'gold' },
    });
    const before = await stored(id);
    expect(before).to.deep.include({
      appVersionKey: versionKey('3.10'),
      attributes: { level: 3, until: '2027-01-31', firmware: '2.10', plan: 'gold' },
      attributeKeys: { until: new Date('2027-01-31'), firmware: versionKey('2.10') },
    });
    expect(before).not.to.have.property('osVersionKey');
    await register({
      appVersion: null,
      osVersion: '17.1',
      attributes: { until: null, firmware: 'lost', level: 4 },
    });
    const after = await stored(id);
    expect(after).to.deep.include({
      osVersionKey: versionKey('17.1'),
      attributes: { level: 4, firmware: 'lost', plan: 'gold' },
    });
    expect(after).not.to.have.any.keys('appVersion', 'appVersionKey', 'attributeKeys');
    await register({ attributes: null });
    expect(await stored(id)).not.to.have.property('attributes');
  });

  it('changes nothing when attributes are only said again', async () => {
    await registered({ attributes: { level: 3, plan: 'gold' } });
    for (const attributes of [{ level: 3 }, { nothing: null }, {}] as AttributeChange[]) {
      expect(await register({ attributes })).to.have.property('kind', 'unchanged');
    }
    expect(await register({ attributes: { level: '3' } })).to.have.property('kind', 'updated');
  });

  it('refuses attributes that are too many with those there are, and what came with them', async () => {
    const numbered = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`a${from + at}`, at]));
    const id = await registered({ attributes: numbered(0, MAX_ATTRIBUTES) });
    const refused = await register({ attributes: numbered(MAX_ATTRIBUTES, 1), tags: ['vip'] });
    expect(refused).to.deep.equal({
      kind: 'refused',
      reason: 'too-many-attributes',
      field: 'attributes',
    });
    expect((await stored(id)).tags).to.deep.equal([]);
    await registered({ attributes: { a0: null, ...numbered(MAX_ATTRIBUTES, 1) } });
    expect(Object.keys((await stored(id)).attributes ?? {})).to.have.lengthOf(MAX_ATTRIBUTES);
  });

  it('notes when the app was seen, which an import does not tell', async () => {
    const id = await registered({}, { cause: 'import' });
    expect(await stored(id)).not.to.have.property('lastSeenAt');
    await register();
    expect(await stored(id)).to.deep.include({ lastSeenAt: NOW });
    await register({}, { cause: 'import', now: LATER });
    expect(await stored(id)).to.deep.include({ lastSeenAt: NOW, registeredAt: LATER });
    await register({}, { now: LATER });
    expect(await stored(id)).to.deep.include({ lastSeenAt: LATER });
  });

  it('takes the platform that the device names, else what its vendor’s devices run on', async () => {
    const id = await registered({ usualPlatform: 'android' });
    expect(await stored(id))
      .to.include({ platform: 'android' })
      .and.not.to.have.property('usualPlatform');
    await register({ usualPlatform: 'android', platform: 'harmonyos' });
    await register({ usualPlatform: 'android' });
    expect(await stored(id)).to.include({ platform: 'harmonyos' });
    const other = await registered({ token: 'token-2' });
    expect(await stored(other)).not.to.have.property('platform');
  });

  it('finds the same device by its token, and another by profile, vendor or app', async () => {
    const id = await registered();
    expect(await registered({ tags: ['a'] })).to.deep.equal(id);
    expect(await registered({ profile: 'debug' })).not.to.deep.equal(id);
    expect(await registered({ vendor: 'apns' })).not.to.deep.equal(id);
    const elsewhere = await register({}, { app: `${app}-b` });
    expect(elsewhere).to.have.property('kind', 'created');
    expect(await all()).to.have.lengthOf(3);
  });

  it('keeps what is not stated, removes what is null, replaces tags', async () => {
    const id = await registered({
      account: 'ann',
      tags: ['a', 'b'],
      locale: 'de',
      appVersion: '1',
    });
    await register({ locale: null, tags: ['c'] });
    const device = await stored(id);
    expect(device).to.include({ account: 'ann', appVersion: '1' });
    expect(device).not.to.have.property('locale');
    expect(device.tags).to.deep.equal(['c']);
  });

  it('tells what was only presented again, and notes when', async () => {
    const id = await registered({ tags: ['a'], consent: { push: 'granted' } });
    const again = await register({ tags: ['a'], consent: { push: 'granted' } }, { now: LATER });
    expect(again).to.deep.equal({ kind: 'unchanged', id });
    const device = await stored(id);
    expect(device.registeredAt).to.deep.equal(LATER);
    expect(device.updatedAt).to.deep.equal(NOW);
    expect(await history(id)).to.have.lengthOf(1);
  });

  it('revives a device that a vendor had given up', async () => {
    const id = await registered();
    await devicesIn(dbOf(db().connection)).updateOne(
      { _id: id },
      { $set: { state: 'gone', stateReason: 'UNREGISTERED', stateAt: NOW } },
    );
    await register({}, { now: LATER });
    const device = await stored(id);
    expect(device).to.include({ state: 'active' });
    expect(device).not.to.have.any.keys('stateReason', 'stateAt');
    expect(device.registeredAt).to.deep.equal(LATER);
  });

  context('when the token of an installation rotates', () => {
    it('keeps id, consent, tags and account', async () => {
      const id = await registered({
        installationId: 'i1',
        account: 'ann',
        tags: ['vip'],
        consent: { push: 'granted' },
      });
      expect(await registered({ installationId: 'i1', token: 'token-2' })).to.deep.equal(id);
      const device = await stored(id);
      expect(device).to.include({ token: 'token-2', account: 'ann' });
      expect(device.consent.push).to.equal('granted');
      expect(device.tags).to.deep.equal(['vip']);
      expect(keyText(device.tokenKey)).to.equal(keyText(tokenKey(secret(), 'fcm', 'token-2')));
      expect(await registered({ token: 'token-1' })).not.to.deep.equal(id);
    });

    it('merges away the device that had the new token, with its account, but not its history', async () => {
      const kept = await registered({ installationId: 'i1', consent: { push: 'granted' } });
      const other = await registered({
        token: 'token-2',
        account: 'bob',
        tags: ['bobs'],
        consent: { push: 'granted', purposes: { marketing: 'granted' } },
      });
      expect(await registered({ installationId: 'i1', token: 'token-2' })).to.deep.equal(kept);
      const devices = await all();
      expect(devices.map(({ _id }) => _id)).to.deep.equal([kept]);
      expect(devices[0]).not.to.have.property('account');
      expect(devices[0]!.tags).to.deep.equal([]);
      expect(devices[0]!.consent.purposes).to.deep.equal({});
      expect(await history(other)).to.have.lengthOf(1);
    });

    it('takes over what was refused lately on the device that had the token', async () => {
      const kept = await registered({ installationId: 'i1', consent: { push: 'granted' } });
      await register({ token: 'token-2', consent: { push: 'denied' } }, { now: LATER });
      await register({ installationId: 'i1', token: 'token-2' }, { now: LATER });
      expect((await stored(kept)).consent).to.have.property('push', 'denied');
      expect(await history(kept)).to.have.lengthOf(2);
    });
  });

  context('when the account changes', () => {
    const granted = { push: 'granted', purposes: { marketing: 'granted' } } as const;

    it('resets consent, and tells the history why', async () => {
      const id = await registered({ account: 'ann', consent: granted });
      await register({ account: 'bob' }, { now: LATER });
      const device = await stored(id);
      expect(device.account).to.equal('bob');
      expect(device.consent).to.deep.equal({ purposes: {}, at: LATER, heldSince: LATER });
      const records = await history(id);
      expect(records.map(({ cause }) => cause)).to.deep.equal(['registration', 'account-changed']);
      expect(records[1]).to.deep.include({ by: 'key-1', at: LATER, consent: device.consent });
    });

    it('keeps only what the same request grants', async () => {
      const id = await registered({ account: 'ann', consent: granted });
      await register({ account: 'bob', consent: { push: 'granted' } });
      const { consent } = await stored(id);
      expect(consent.push).to.equal('granted');
      expect(consent.purposes).to.deep.equal({});
    });

    it('resets it also when the account is only left, and when it comes by import', async () => {
      const id = await registered({ account: 'ann', consent: granted });
      await register({ account: null });
      expect((await stored(id)).consent).not.to.have.property('push');
      const other = await registered({ token: 'token-2', account: 'ann', consent: granted });
      await register({ token: 'token-2', account: 'bob' }, { cause: 'import' });
      expect((await stored(other)).consent).not.to.have.property('push');
    });

    it('takes no late grant of the former holder', async () => {
      const id = await registered({ account: 'ann', consent: granted });
      await register({ account: 'bob' }, { now: LATER });
      await register({ consent: { push: 'granted', at: NOW } }, { now: LATER });
      expect((await stored(id)).consent).not.to.have.property('push');
    });

    it('is no change when an account is named for the first time', async () => {
      const id = await registered({ consent: granted });
      await register({ account: 'ann' });
      expect((await stored(id)).consent.push).to.equal('granted');
    });
  });

  context('when an untrusted caller names an installation', () => {
    const victim = { installationId: 'i1', account: 'ann', consent: { push: 'granted' } } as const;

    it('takes nothing over with another token', async () => {
      const id = await registered({ ...victim, tags: ['vip'] });
      const taken = await registered({ installationId: 'i1', token: 'thief', proof: {} });
      expect(taken).not.to.deep.equal(id);
      const thief = await stored(taken);
      expect(thief).not.to.have.any.keys('account', 'installationId');
      expect(thief.tags).to.deep.equal([]);
      expect(thief.consent).to.deep.equal({ purposes: {} });
      expect(await stored(id)).to.include({
        token: 'token-1',
        installationId: 'i1',
        account: 'ann',
      });
    });

    it('takes nothing over with a wrong former token', async () => {
      const id = await registered(victim);
      const proof = { previousToken: 'guessed' };
      const taken = await registered({ installationId: 'i1', token: 'thief', proof });
      expect(taken).not.to.deep.equal(id);
      expect(await stored(id)).to.have.property('token', 'token-1');
    });

    it('rotates its own token by showing the former one', async () => {
      const id = await registered(victim);
      const proof = { previousToken: 'token-1' };
      expect(await registered({ installationId: 'i1', token: 'token-2', proof })).to.deep.equal(id);
      expect(await stored(id)).to.include({ token: 'token-2', account: 'ann' });
    });

    it('keeps its device when it presents the token it is known under', async () => {
      const id = await registered(victim);
      expect(await registered({ installationId: 'i1', proof: {} })).to.deep.equal(id);
      expect(await registered({ installationId: 'i-new', proof: {} })).to.deep.equal(id);
      expect(await stored(id)).to.have.property('installationId', 'i-new');
    });
  });

  context('when many register at once', () => {
    it('makes one device of one token, and leaves the others to theirs', async () => {
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) => register({ tags: [`t${index}`] })),
      );
      const ids = new Set(results.map((result) => String(idOf(result))));
      expect(ids.size).to.equal(1);
      expect(await all()).to.have.lengthOf(1);
      expect(results.filter(({ kind }) => kind === 'created')).to.have.lengthOf(1);
    });

    it('never has two devices of one installation, whichever token comes last', async () => {
      await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          register({ installationId: 'i1', token: `token-${index % 4}` }),
        ),
      );
      const devices = await all();
      expect(devices.filter(({ installationId }) => installationId === 'i1')).to.have.lengthOf(1);
    });

    it('keeps the history equal to what happened', async () => {
      const id = await registered({ consent: { push: 'granted' } });
      await Promise.all(
        ['a', 'b', 'c', 'd'].map((purpose) =>
          register({ consent: { purposes: { [purpose]: 'granted' } } }),
        ),
      );
      expect(Object.keys((await stored(id)).consent.purposes).sort()).to.deep.equal([
        'a',
        'b',
        'c',
        'd',
      ]);
      expect(await history(id)).to.have.lengthOf(5);
    });
  });

  context('when one call brings many', () => {
    it('gives each its result in order, as if they had come one by one', async () => {
      const results = await registerDevices(using(), [
        request({ token: 'a', installationId: 'i1', account: 'ann', consent: { push: 'granted' } }),
        request({ token: 'b', tags: ['x'] }),
        request({ token: 'a', account: 'bob' }),
        request({ token: 'b', installationId: 'i1' }),
        request({ token: 'a' }),
        request({ token: 'a' }),
      ]);
      expect(results.map(({ kind }) => kind)).to.deep.equal([
        'created',
        'created',
        'updated',
        'updated',
        'created',
        'unchanged',
      ]);
      expect(idOf(results[3])).to.deep.equal(idOf(results[0]));
      const devices = await all();
      expect(devices.map(({ token, account }) => [token, account])).to.have.deep.members([
        ['b', 'bob'],
        ['a', undefined],
      ]);
      expect(devices.every(({ consent }) => consent.push == null)).to.equal(true);
      expect((await history(idOf(results[0]))).map(({ cause }) => cause)).to.deep.equal([
        'registration',
        'account-changed',
      ]);
    });

    it('lets two installations swap their tokens in a ring', async () => {
      const first = await registered({ token: 'a', installationId: 'i1' });
      const second = await registered({ token: 'b', installationId: 'i2' });
      await registerDevices(using(), [
        request({ token: 'c', installationId: 'i1' }),
        request({ token: 'a', installationId: 'i2' }),
        request({ token: 'b', installationId: 'i1' }),
      ]);
      expect(await stored(first)).to.have.property('token', 'b');
      expect(await stored(second)).to.have.property('token', 'a');
    });
  });

  context('when a person has been erased', () => {
    const ann = { installationId: 'i1', account: 'ann', consent: { push: 'granted' } } as const;

    it('leaves neither device nor account nor token, only hashes and the bare history', async () => {
      const id = await registered(ann);
      await registered({ token: 'token-2', account: 'ann' });
      await registered({ token: 'token-3', account: 'bob' });
      expect(await erase(erasing(), { account: 'ann' })).to.include({ devices: 2 });
      expect((await all()).map(({ token }) => token)).to.deep.equal(['token-3']);
      expect(await listed()).to.equal(4);
      const left = JSON.stringify([
        await suppressionsOf(dbOf(db().connection)).find({ app }).toArray(),
        await history(id),
      ]);
      expect(left).not.to.match(/ann|token-1|token-2|i1/);
      expect(await history(id)).to.have.lengthOf(1);
    });

    it('refuses token and account until somebody agrees anew, and writes nothing', async () => {
      await registered(ann);
      await erase(erasing(), { account: 'ann' });
      const refusal = { kind: 'refused', reason: 'suppressed' };
      const later = { now: LATER };
      expect(await register({}, later)).to.deep.equal({ ...refusal, field: 'token' });
      expect(await register({ token: 'new', account: 'ann' }, later)).to.deep.equal({
        ...refusal,
        field: 'account',
      });
      expect(await register({ consent: { push: 'denied' } }, later)).to.deep.include(refusal);
      expect(
        await register({ consent: { purposes: { marketing: 'granted' } } }, later),
      ).to.deep.include(refusal);
      expect(await all()).to.deep.equal([]);
      expect(await listed()).to.equal(3);
    });

    it('lifts exactly what a direct and fresh grant names', async () => {
      await registered(ann);
      await registered({ token: 'token-2', account: 'ann' });
      await erase(erasing(), { account: 'ann' });
      const consent = { push: 'granted' } as const;
      expect(await register({ account: 'ann', consent }, { now: LATER })).to.have.property(
        'kind',
        'created',
      );
      const list = await suppressedSince(dbOf(db().connection), app, [
        accountKey(secret(), 'ann'),
        tokenKey(secret(), 'fcm', 'token-1'),
        tokenKey(secret(), 'fcm', 'token-2'),
      ]);
      expect([...list.keys()]).to.deep.equal([keyText(tokenKey(secret(), 'fcm', 'token-2'))]);
    });

    it('lifts nothing by a grant from before the erasure, nor by import', async () => {
      await registered(ann);
      await erase(erasing(), { account: 'ann' });
      const old = { push: 'granted', at: NOW } as const;
      expect(await register({ account: 'ann', consent: old }, { now: LATER })).to.have.property(
        'reason',
        'suppressed',
      );
      const imported = await register(
        { account: 'ann', consent: { push: 'granted' } },
        { now: LATER, cause: 'import' },
      );
      expect(imported).to.have.property('reason', 'suppressed');
      expect(await listed()).to.equal(3);
      expect(await all()).to.deep.equal([]);
    });

    it('knows the installation under a new token and without an account', async () => {
      await registered(ann);
      await erase(erasing(), { account: 'ann' });
      const back = {
        installationId: 'i1',
        token: 'token-2',
        consent: { push: 'granted' },
      } as const;
      const refusal = { kind: 'refused', reason: 'suppressed', field: 'installationId' };
      expect(await register(back, { now: LATER, cause: 'import' })).to.deep.equal(refusal);
      expect(
        await register({ ...back, consent: { push: 'granted', at: NOW } }, { now: LATER }),
      ).to.deep.equal(refusal);
      expect(await register({ ...back, consent: { push: 'denied' } })).to.deep.equal(refusal);
      expect(await all()).to.deep.equal([]);
      expect(await listed()).to.equal(3);
      // The same id at another vendor is another installation.
      expect(
        await register({ ...back, vendor: 'apns' }, { now: LATER, cause: 'import' }),
      ).to.have.property('kind', 'created');
    });

    it('lifts the installation by a direct and fresh grant, and nothing else with it', async () => {
      await registered(ann);
      await erase(erasing(), { account: 'ann' });
      const consent = { push: 'granted' } as const;
      const back = { installationId: 'i1', token: 'token-2', consent };
      const id = await registered(back, { now: LATER });
      expect(await stored(id)).to.include({ installationId: 'i1', token: 'token-2' });
      expect(await listed()).to.equal(2);
      expect(await register({ installationId: 'i1', token: 'token-3' })).to.deep.equal({
        kind: 'updated',
        id,
      });
    });

    it('lifts no installation for a caller that shows none of the erased tokens', async () => {
      await registered(ann);
      await erase(erasing(), { account: 'ann' });
      const consent = { push: 'granted' } as const;
      const back = { installationId: 'i1', token: 'token-2', consent };
      const later = { now: LATER };
      for (const proof of [{}, { previousToken: 'guessed' }]) {
        expect(await register({ ...back, proof }, later)).to.deep.equal({
          kind: 'refused',
          reason: 'suppressed',
          field: 'installationId',
        });
      }
      const proof = { previousToken: 'token-1' };
      expect(await register({ ...back, proof }, later)).to.have.property('kind', 'created');
    });

    it('lifts an account only by a proof that is younger than the erasure', async () => {
      await registered(ann);
      await erase(erasing(), { account: 'ann' });
      const back = { ...ann, token: 'token-1', proof: {} };
      const now = new Date('2026-11-22T12:00:00Z');
      for (const accountProof of [{}, { issuedAt: NOW }, { issuedAt: LATER }]) {
        expect(await register({ ...back, accountProof }, { now })).to.deep.equal({
          kind: 'refused',
          reason: 'suppressed',
          field: 'account',
        });
      }
      const accountProof = { issuedAt: new Date(LATER.getTime() + 1_000) };
      expect(await register({ ...back, accountProof }, { now })).to.have.property(
        'kind',
        'created',
      );
      expect(await listed()).to.equal(0);
    });

    it('means one app only', async () => {
      await registered(ann);
      await erase(erasing(), { account: 'ann' });
      const elsewhere = await register(
        { account: 'ann' },
        { app: `${app}-b`, hashSecret: secret(`${app}-b`) },
      );
      expect(elsewhere).to.have.property('kind', 'created');
    });

    it('stays erased when an account without devices was erased', async () => {
      expect(await erase(erasing(), { account: 'nobody-yet' })).to.include({ devices: 0 });
      const imported = await register({ account: 'nobody-yet' }, { cause: 'import', now: LATER });
      expect(imported).to.have.property('reason', 'suppressed');
    });

    it('suppresses the token of one erased device, not the account of the others', async () => {
      const id = await registered(ann);
      const other = await registered({ token: 'token-2', account: 'ann' });
      expect(await erase(erasing(), { device: id })).to.include({ devices: 1 });
      expect(await erase(erasing(), { device: id })).to.include({ devices: 0 });
      expect((await all()).map(({ _id }) => _id)).to.deep.equal([other]);
      expect(await register({ token: 'token-2', account: 'ann' }, { now: LATER })).to.have.property(
        'kind',
        'unchanged',
      );
    });

    it('finds more than a few on the list at once', async () => {
      const tokens = Array.from({ length: 40 }, (_, index) => `many-${index}`);
      const erased = tokens.filter((_, index) => index % 4 === 0);
      const entries = erased.map((token) => ({
        key: tokenKey(secret(), 'fcm', token),
        kind: 'token' as const,
      }));
      await suppress(dbOf(db().connection), app, entries, NOW);
      const results = await registerDevices(
        using({ cause: 'import' }),
        tokens.map((token) => request({ token })),
      );
      const refused = tokens.filter((_, index) => results[index]!.kind === 'refused');
      expect(refused).to.deep.equal(erased);
    });

    it('takes back what was registered while the account was being erased', async () => {
      const watched = await mongoose
        .createConnection(db().uri, { monitorCommands: true })
        .asPromise();
      try {
        let erasure: Promise<Erased> | undefined;
        watched.getClient().on('commandSucceeded', ({ reply }) => {
          // The registration has just looked at the list, from its snapshot: it cannot see what is written from now on.
          const { ns } = (reply as { cursor?: { ns?: string } }).cursor ?? {};
          if (ns?.endsWith('.suppressions')) erasure ??= erase(erasing(), { account: 'ann' });
        });
        const requests = Array.from({ length: 500 }, (_, index) =>
          request({ token: `late-${index}`, account: index === 250 ? 'ann' : 'bob' }),
        );
        const results = await registerDevices(using({ connection: watched }), requests);
        expect(await erasure)
          .to.have.property('devices')
          .that.is.a('number');
        expect(results[250]).to.deep.equal({
          kind: 'refused',
          reason: 'suppressed',
          field: 'account',
        });
        expect(results.filter(({ kind }) => kind === 'created')).to.have.lengthOf(499);
        expect((await all()).filter(({ account }) => account === 'ann')).to.deep.equal([]);
        expect(await register({ token: 'late-250' }, { now: LATER })).to.have.property(
          'kind',
          'refused',
        );
      } finally {
        await watched.close();
      }
    });

    it('leaves no device behind, however erasure and registrations interleave', async function () {
      this.timeout(30_000);
      for (let round = 0; round < 10; round += 1) {
        const account = `ann-${round}`;
        const [, ...results] = await Promise.all([
          erase(erasing(), { account }),
          ...Array.from({ length: 6 }, (_, index) =>
            register({ token: `r${round}-${index}`, account }, { cause: 'import' }),
          ),
        ]);
        const left = (await all()).filter((device) => device.account === account);
        expect(left, JSON.stringify(results)).to.deep.equal([]);
      }
    });
  });
});
