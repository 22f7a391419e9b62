import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { mongo } from 'mongoose';
import { testDatabase } from '../test/support/mongo.js';
import { until } from '../test/support/until.js';
import { createCredentialStore } from './credential-cache.js';
import { dbOf } from './database.js';
import { secretBox } from './secret-box.js';

const RENEW_MS = 1_800_000;
const MAKING_MS = 10_000;
const MEMORY_MS = 5_000;

describe('the credential store', () => {
  const database = testDatabase();
  const db = (): mongo.Db => dbOf(database().connection);
  const box = secretBox(randomBytes(32));
  let nowMs: number;
  let key: string;

  /** What another process would have. */
  const store = () => createCredentialStore({ db: db(), secretBox: box, now: () => nowMs });
  /** Makes `jwt-1`, `jwt-2` ... */
  const maker = () => {
    let made = 0;
    return { make: () => Promise.resolve(`jwt-${(made += 1)}`), made: () => made };
  };
  const stored = () =>
    db()
      .collection('shared_credentials')
      .findOne({ _id: key as never });
  /** A maker that takes as long as the test wants. */
  const slowMaker = () => {
    let finish = (_value: string): void => {};
    let fail = (_error: Error): void => {};
    let begun = 0;
    return {
      make: () => {
        begun += 1;
        return new Promise<string>((resolve, reject) => {
          finish = resolve;
          fail = reject;
        });
      },
      begun: () => begun,
      finish: (value: string) => finish(value),
      fail: (error: Error) => fail(error),
    };
  };

  beforeEach(() => {
    nowMs = Date.parse('2026-01-10T12:00:00Z');
    key = `apns/${randomBytes(4).toString('hex')}`;
  });

  it('makes a credential once, and shares it with other processes', async () => {
    const { make, made } = maker();
    const [first, second] = [store(), store()];
    expect(await first.get(key, RENEW_MS, make)).to.equal('jwt-1');
    expect(await first.get(key, RENEW_MS, make)).to.equal('jwt-1');
    expect(await second.get(key, RENEW_MS, make)).to.equal('jwt-1');
    expect(made()).to.equal(1);
  });

  it('lets one of several processes make it that want it at once', async () => {
    const { make, made } = maker();
    const asked = Array.from({ length: 8 }, () => store()).flatMap((one) => [
      one.get(key, RENEW_MS, make),
      one.get(key, RENEW_MS, make),
    ]);
    expect(new Set(await Promise.all(asked))).to.deep.equal(new Set(['jwt-1']));
    expect(made()).to.equal(1);
  });

  it('keeps credentials of other keys apart', async () => {
    const { make } = maker();
    const one = store();
    await one.get(key, RENEW_MS, make);
    expect(await one.get(`${key}-other`, RENEW_MS, make)).to.equal('jwt-2');
  });

  it('keeps it sealed', async () => {
    await store().get(key, RENEW_MS, () => Promise.resolve('the-plain-credential'));
    expect(JSON.stringify(await stored())).not.to.include('the-plain-credential');
  });

  it('makes a new one when the old one is old enough, and not a moment sooner', async () => {
    const { make } = maker();
    const [first, second] = [store(), store()];
    await first.get(key, RENEW_MS, make);
    nowMs += RENEW_MS - 1;
    expect(await first.get(key, RENEW_MS, make)).to.equal('jwt-1');
    nowMs += 1;
    expect(await first.get(key, RENEW_MS, make)).to.equal('jwt-2');
    expect(await second.get(key, RENEW_MS, make)).to.equal('jwt-2');
  });

  it('lets one of several processes renew it', async () => {
    const { make, made } = maker();
    const stores = Array.from({ length: 6 }, () => store());
    await Promise.all(stores.map((one) => one.get(key, RENEW_MS, make)));
    nowMs += RENEW_MS;
    const renewed = await Promise.all(stores.map((one) => one.get(key, RENEW_MS, make)));
    expect(new Set(renewed)).to.deep.equal(new Set(['jwt-2']));
    expect(made()).to.equal(2);
  });

  it('makes a new one once a credential was dropped', async () => {
    const { make, made } = maker();
    const [first, second] = [store(), store()];
    await first.get(key, RENEW_MS, make);
    await first.drop(key, 'jwt-1');
    expect(await stored()).not.to.have.any.keys('value', 'madeAt');
    expect(await first.get(key, RENEW_MS, make)).to.equal('jwt-2');
    expect(await second.get(key, RENEW_MS, make)).to.equal('jwt-2');
    expect(made()).to.equal(2);
  });

  it('does not drop what somebody has replaced already', async () => {
    const { make, made } = maker();
    const [first, second] = [store(), store()];
    await first.get(key, RENEW_MS, make);
    await second.get(key, RENEW_MS, make);
    await first.drop(key, 'jwt-1');
    await first.get(key, RENEW_MS, make);
    await second.drop(key, 'jwt-1');
    expect(await second.get(key, RENEW_MS, make)).to.equal('jwt-2');
    expect(await first.get(key, RENEW_MS, make)).to.equal('jwt-2');
    expect(made()).to.equal(2);
  });

  it('notices within seconds that another process has renewed it', async () => {
    const { make } = maker();
    const [first, second] = [store(), store()];
    await first.get(key, RENEW_MS, make);
    await second.get(key, RENEW_MS, make);
    await second.drop(key, 'jwt-1');
    await second.get(key, RENEW_MS, make);
    nowMs += MEMORY_MS;
    expect(await first.get(key, RENEW_MS, make)).to.equal('jwt-2');
  });

  context('when it cannot be made', () => {
    it('rejects, and the next one who asks tries again', async () => {
      const error = new Error('the vendor refuses the key');
      const one = store();
      const refused = await one
        .get(key, RENEW_MS, () => Promise.reject(error))
        .then(
          () => null,
          (reason: unknown) => reason,
        );
      expect(refused).to.equal(error);
      expect(await store().get(key, RENEW_MS, () => Promise.resolve('jwt'))).to.equal('jwt');
      expect(await one.get(key, RENEW_MS, () => Promise.resolve('never'))).to.equal('jwt');
    });

    it('lets somebody else try who has been waiting', async () => {
      const slow = slowMaker();
      const first = store().get(key, RENEW_MS, slow.make);
      await until('it is being made', () => slow.begun() === 1, { everyMs: 1 });
      const second = store().get(key, RENEW_MS, () => Promise.resolve('jwt'));
      const failed = first.then(
        () => null,
        (reason: unknown) => reason,
      );
      slow.fail(new Error('the vendor is away'));
      expect(await failed).to.be.an('error');
      expect(await second).to.equal('jwt');
    });
  });

  it('does not wait for ever for a process that died while it made one', async () => {
    const slow = slowMaker();
    const dead = store().get(key, RENEW_MS, slow.make);
    await until('it is being made', () => slow.begun() === 1, { everyMs: 1 });
    nowMs += MAKING_MS + 1;
    expect(await store().get(key, RENEW_MS, () => Promise.resolve('jwt'))).to.equal('jwt');
    slow.finish('late');
    await dead;
  });

  it('replaces what a process made whose clock was an hour ahead', async () => {
    const { make } = maker();
    nowMs += 3_600_000;
    expect(await store().get(key, RENEW_MS, make)).to.equal('jwt-1');
    nowMs -= 3_600_000;
    expect(await store().get(key, RENEW_MS, make)).to.equal('jwt-2');
    expect(await store().get(key, RENEW_MS, make)).to.equal('jwt-2');
  });

  it('does not wait for a maker that died with its clock an hour ahead', async () => {
    await db()
      .collection('shared_credentials')
      .insertOne({ _id: key as never, makingSince: new Date(nowMs + 3_600_000) });
    const { make } = maker();
    expect(await store().get(key, RENEW_MS, make)).to.equal('jwt-1');
  });
});
