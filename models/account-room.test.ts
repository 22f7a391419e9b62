import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { testDatabase } from '../test/support/mongo.js';
import {
  type BulkContext,
  type RegistrationRequest,
  type RegistrationResult,
  registerDevices,
} from './bulk-registration.js';
import { dbOf } from './database.js';
import { changeFacts } from './device-changes.js';
import { devicesIn } from './device-store.js';
import { createIndexes } from './indexes.js';
import { LimitReached } from './limits.js';

const LIMIT = 3;

describe('The devices of an account', () => {
  const db = testDatabase();
  let app = '';
  let apps = 0;
  before(() => createIndexes(db().connection));
  beforeEach(() => {
    apps += 1;
    app = `room-${apps}`;
  });

  const context = (): BulkContext => ({
    connection: db().connection,
    app,
    hashSecret: createHash('sha256').update(app).digest(),
    by: 'key-1',
    cause: 'registration',
    now: new Date(),
    devicesPerAccount: LIMIT,
  });
  const request = (
    token: string,
    fields: Partial<RegistrationRequest> = {},
  ): RegistrationRequest => ({
    vendor: 'fcm',
    profile: 'default',
    token,
    account: 'ada',
    ...fields,
  });
  const register = (...requests: RegistrationRequest[]) => registerDevices(context(), requests);
  const words = (results: readonly RegistrationResult[]) =>
    results.map((result) => (result.kind === 'refused' ? result.reason : result.kind));
  const held = () => devicesIn(dbOf(db().connection)).countDocuments({ app, account: 'ada' });
  const fill = () => register(...['1', '2', '3'].map((token) => request(token)));

  it('end at the limit: one more is refused and changes nothing', async () => {
    await fill();
    const [result] = await register(request('4'));
    expect(result).to.deep.equal({ kind: 'refused', reason: 'account-full', field: 'account' });
    expect(await held()).to.equal(LIMIT);
    expect(await devicesIn(dbOf(db().connection)).countDocuments({ app })).to.equal(LIMIT);
  });

  it('are counted along the requests of one call', async () => {
    const results = await register(
      ...['1', '2', '3', '4'].map((token) => request(token)),
      request('1', { account: null }),
      request('5'),
      request('6'),
    );
    expect(words(results)).to.deep.equal([
      'created',
      'created',
      'created',
      'account-full',
      'updated',
      'created',
      'account-full',
    ]);
  });

  it('may be registered again when there is no room', async () => {
    await fill();
    expect(words(await register(request('2', { locale: 'de' })))).to.deep.equal(['updated']);
  });

  it('do not count when their token is gone, until they come back', async () => {
    await fill();
    await devicesIn(dbOf(db().connection)).updateOne(
      { app, token: '1' },
      { $set: { state: 'gone' } },
    );
    expect(words(await register(request('4')))).to.deep.equal(['created']);
    expect(words(await register(request('1')))).to.deep.equal(['account-full']);
    const { account: _, ...unnamed } = request('1');
    expect(words(await register(unnamed))).to.deep.equal(['account-full']);
  });

  it('stay where they are when the limit is lowered', async () => {
    await fill();
    const results = await registerDevices({ ...context(), devicesPerAccount: 1 }, [request('1')]);
    expect(words(results)).to.deep.equal(['unchanged']);
  });

  it('are not one too many when many come at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, index) => register(request(`t${index}`))),
    );
    expect(words(results.flat()).sort()).to.deep.equal([
      ...Array<string>(12 - LIMIT).fill('account-full'),
      ...Array<string>(LIMIT).fill('created'),
    ]);
    expect(await held()).to.equal(LIMIT);
  });

  it('end at the limit for a change of one device, too', async () => {
    await fill();
    const [other] = await register(request('4', { account: 'bob' }));
    if (other?.kind !== 'created') throw new Error('It was not created');
    const refused = await changeFacts(context(), other.id, { account: 'ada' }).catch(
      (error: unknown) => error,
    );
    expect(refused).to.be.instanceOf(LimitReached).and.have.property('limited', 'account-full');
    expect(await held()).to.equal(LIMIT);
  });

  it('need not wait for each other far below the limit, and end at it all the same', async () => {
    const roomy = { ...context(), devicesPerAccount: 100 };
    const many = (from: number, count: number) =>
      registerDevices(
        roomy,
        Array.from({ length: count }, (_, index) => request(`far-${from + index}`)),
      );
    const guards = dbOf(db().connection).collection('account_guards');
    const before = await guards.countDocuments();
    const few = await Promise.all([many(0, 1), many(1, 1), many(2, 1), many(3, 1)]);
    expect(words(few.flat())).to.deep.equal(Array<string>(4).fill('created'));
    expect(await guards.countDocuments()).to.equal(before);
    expect(words(await many(4, 90)).every((word) => word === 'created')).to.equal(true);
    expect(await guards.countDocuments()).to.equal(before + 1);
    const last = await Promise.all(Array.from({ length: 10 }, (_, index) => many(94 + index, 1)));
    expect(words(last.flat()).sort()).to.deep.equal([
      ...Array<string>(4).fill('account-full'),
      ...Array<string>(6).fill('created'),
    ]);
    expect(await held()).to.equal(100);
  });
});
