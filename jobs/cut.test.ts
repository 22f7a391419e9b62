import { expect } from 'chai';
import fc from 'fast-check';
import { mongo, Types } from 'mongoose';
import {
  ACCOUNT_KEY_BYTES,
  type Batch,
  DEVICE_BYTES,
  plannedBatchId,
  unpack,
} from '../models/batch.js';
import { splitDeliveryId } from '../models/delivery.js';
import { accountKey, tokenKey } from '../models/token-key.js';
import { someTask } from '../test/support/job-context.js';
import type { Candidate } from './candidate.js';
import { BATCH_SIZE, type CutRules, cut } from './cut.js';
import type { DeviceView } from './eligibility.js';

const NOW = new Date('2026-01-01T12:00:00Z');
const SECRET = Buffer.alloc(32, 1);
const TASK = someTask({ planSequence: 7 });

const rules = (change: Partial<CutRules> = {}): CutRules => ({
  app: 'shop',
  purpose: 'service',
  profiles: new Set(['fcm/default', 'fcm/debug', 'apns/default']),
  onList: new Set(),
  accountKeyOf: (account) => accountKey(SECRET, account),
  allowRaw: false,
  rawKeyOf: (vendor, token) => tokenKey(SECRET, vendor, token).toString('hex'),
  ...change,
});

const device = (change: Partial<DeviceView> = {}): Candidate & { device: DeviceView } => {
  const id = new Types.ObjectId();
  const token = `token-${id.toHexString()}`;
  return {
    id,
    device: {
      _id: id,
      app: 'shop',
      vendor: 'fcm',
      profile: 'default',
      token,
      tokenKey: new mongo.Binary(tokenKey(SECRET, 'fcm', token)),
      consent: { push: 'granted', purposes: {} },
      state: 'active',
      ...change,
    },
  };
};
const silent = (change: Partial<DeviceView> = {}) =>
  device({ ...change, consent: { purposes: {} } });
const raw = (token: string, vendor?: string, profile = 'default'): Candidate => ({
  id: new Types.ObjectId(),
  raw: { token, profile, ...(vendor == null ? {} : { vendor }) },
});
const many = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

const idsIn = (batch: Batch): string[] =>
  unpack(batch.devices, DEVICE_BYTES).map((id) => id.toString('hex'));
const idsOf = (candidates: readonly Candidate[]): string[] =>
  candidates.map(({ id }) => id.toHexString());
const sendable = (batches: readonly Batch[]): Batch[] =>
  batches.filter(({ state }) => state === 'due');

describe('cut', () => {
  it('makes a batch for each vendor profile, numbered from the task’s next sequence', () => {
    const [a, b, c, d] = [
      device(),
      device({ profile: 'debug' }),
      device({ vendor: 'apns' }),
      device(),
    ];
    const { batches, rows, planSequence } = cut(TASK, [a, b, c, d], rules(), NOW);
    const shown = batches.map((batch) => ({
      place: `${batch.vendor}/${batch.profile}`,
      ids: idsIn(batch),
      size: batch.size,
    }));
    expect(shown).to.deep.equal([
      { place: 'fcm/default', ids: idsOf([a, d]), size: 2 },
      { place: 'fcm/debug', ids: idsOf([b]), size: 1 },
      { place: 'apns/default', ids: idsOf([c]), size: 1 },
    ]);
    expect(rows).to.deep.equal([]);
    expect(planSequence).to.equal(10);
    expect(batches.map(({ _id }) => _id.toString('hex'))).to.deep.equal(
      [7, 8, 9].map((sequence) => plannedBatchId(TASK._id, sequence).toString('hex')),
    );
  });

  it('makes batches that are due at once, for the first time, until the task expires', () => {
    const { batches } = cut(TASK, [device()], rules(), NOW);
    expect(batches[0]).to.deep.include({
      task: TASK._id,
      app: 'shop',
      lane: 'default',
      state: 'due',
      first: true,
      attempt: 1,
      waits: 0,
      maybe: false,
      movedOn: 0,
      counts: {},
      notBefore: NOW,
      expiresAt: TASK.expiresAt,
      beat: 0,
      fence: 0,
    });
    expect(batches[0]).not.to.have.any.keys('tokens', 'accounts', 'data', 'owner', 'doneAt');
  });

  it('makes no batch larger than the limit', () => {
    const { batches } = cut(TASK, many(2 * BATCH_SIZE + 1, device), rules(), NOW);
    expect(batches.map(({ size }) => size)).to.deep.equal([BATCH_SIZE, BATCH_SIZE, 1]);
    expect(batches.map((batch) => idsIn(batch).length)).to.deep.equal([BATCH_SIZE, BATCH_SIZE, 1]);
    expect(cut(TASK, many(BATCH_SIZE, device), rules(), NOW).batches).to.have.length(1);
  });

  it('makes nothing of nobody', () => {
    expect(cut(TASK, [], rules(), NOW)).to.deep.equal({ batches: [], rows: [], planSequence: 7 });
  });

  it('keeps account keys and data aligned with the devices', () => {
    const candidates = ['ada', 'bob', 'cleo'].map((account, index) => ({
      ...device({ account }),
      accountKey: accountKey(SECRET, account),
      ...(index === 1 ? { data: { code: '42' } } : {}),
    }));
    const { batches } = cut(TASK, candidates, rules(), NOW);
    const [batch] = batches as [Batch];
    const keys = unpack(batch.accounts, ACCOUNT_KEY_BYTES).map((key) => key.toString('hex'));
    expect(keys).to.deep.equal(candidates.map((one) => one.accountKey.toString('hex')));
    expect(batch.data).to.deep.equal([null, { code: '42' }, null]);
    expect(idsIn(batch)).to.deep.equal(idsOf(candidates));
  });

  it('writes a row and a count for each suppressed device, in a batch that is done', () => {
    const candidates = [silent(), device(), silent(), device({ state: 'gone' })];
    const { batches, rows } = cut(TASK, candidates, rules(), NOW);
    expect(batches.map(({ state }) => state)).to.deep.equal(['due', 'done']);
    expect(batches[1]).to.deep.include({
      vendor: 'fcm',
      profile: 'default',
      first: true,
      size: 3,
      movedOn: 0,
      attempt: 0,
      counts: { 'suppressed:no-consent': 2, 'suppressed:token-gone': 1 },
      doneAt: NOW,
    });
    expect(batches[1]).not.to.have.any.keys('devices', 'tokens', 'accounts', 'data');
    const shown = rows.map(({ d, s, r, v, p, n, t }) => [d.toHexString(), s, r, v, p, n, t]);
    const [first, , third, fourth] = idsOf(candidates);
    expect(shown).to.deep.equal([
      [first, 'suppressed', 'no-consent', 'fcm', 'default', 0, NOW],
      [third, 'suppressed', 'no-consent', 'fcm', 'default', 0, NOW],
      [fourth, 'suppressed', 'token-gone', 'fcm', 'default', 0, NOW],
    ]);
  });

  it('says of a device that does not exist that it is not registered, under no vendor', () => {
    const { batches, rows } = cut(TASK, [{ id: new Types.ObjectId() }], rules(), NOW);
    expect(batches).to.have.length(1);
    expect(batches[0]).to.deep.include({
      state: 'done',
      vendor: '',
      profile: '',
      counts: { 'suppressed:not-registered': 1 },
    });
    expect(rows[0]).to.include({ r: 'not-registered' }).and.not.to.have.any.keys('v', 'p');
  });

  context('when tokens are not registered', () => {
    const allowed = rules({ allowRaw: true });

    it('suppresses them unless the app allows them and consent is asserted', () => {
      const { batches, rows } = cut(TASK, [raw('a', 'fcm')], rules(), NOW);
      expect(sendable(batches)).to.deep.equal([]);
      expect(rows[0]).to.include({ r: 'not-registered', v: 'fcm', p: 'default' });
    });

    it('batches them with their tokens, apart from registered devices', () => {
      const candidates = [raw('a', 'fcm'), device(), raw('b', 'fcm')];
      const { batches } = cut(TASK, candidates, allowed, NOW);
      expect(batches.map(({ tokens, size }) => [tokens, size])).to.deep.equal([
        [['a', 'b'], 2],
        [undefined, 1],
      ]);
      expect(idsIn(batches[0] as Batch)).to.deep.equal([
        candidates[0]?.id.toHexString(),
        candidates[2]?.id.toHexString(),
      ]);
    });

    it('sends none whose vendor is not named or has no settings', () => {
      const candidates = [raw('a'), raw('b', 'harmony'), raw('c', 'apns', 'debug')];
      const { batches, rows } = cut(TASK, candidates, allowed, NOW);
      expect(sendable(batches)).to.deep.equal([]);
      expect(rows.map(({ r }) => r)).to.deep.equal([
        'not-registered',
        'vendor-not-configured',
        'vendor-not-configured',
      ]);
    });

    it('sends none that is on the suppression list, even where they are allowed', () => {
      const onList = new Set([tokenKey(SECRET, 'fcm', 'a').toString('hex')]);
      const both = [raw('a', 'fcm'), raw('a2', 'fcm')];
      const { batches, rows } = cut(TASK, both, { ...allowed, onList }, NOW);
      expect(sendable(batches).map(({ tokens }) => tokens)).to.deep.equal([['a2']]);
      expect(rows.map(({ r }) => r)).to.deep.equal(['suppression-list']);
      const { rows: refused } = cut(TASK, both, rules({ onList }), NOW);
      expect(refused.map(({ r }) => r)).to.deep.equal(['suppression-list', 'not-registered']);
    });
  });

  const place = {
    vendor: fc.constantFrom('fcm', 'apns'),
    profile: fc.constantFrom('default', 'debug'),
  };
  const candidate = fc.oneof(
    { weight: 4, arbitrary: fc.record(place).map((given) => device(given) as Candidate) },
    { weight: 2, arbitrary: fc.record(place).map((given) => silent(given) as Candidate) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.uuid(), fc.option(place.vendor, { nil: undefined }), place.profile)
        .map(([token, vendor, profile]) => raw(token, vendor, profile)),
    },
    {
      weight: 1,
      arbitrary: fc.constant(null).map((): Candidate => ({ id: new Types.ObjectId() })),
    },
  );

  it('puts every candidate into exactly one batch or row, in their order, and the sizes add up', () => {
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 60 }), fc.boolean(), (candidates, allowRaw) => {
        const { batches, rows, planSequence } = cut(TASK, candidates, rules({ allowRaw }), NOW);
        const order = new Map(idsOf(candidates).map((id, index) => [id, index]));
        const inRows = rows.map(({ _id }) => splitDeliveryId(_id).device.toHexString());
        const lists = [inRows, ...sendable(batches).map(idsIn)];

        expect(lists.flat().sort()).to.deep.equal([...order.keys()].sort());
        for (const list of lists) {
          const places = list.map((id) => order.get(id) ?? NaN);
          expect(places).to.deep.equal([...places].sort((left, right) => left - right));
        }
        const sizes = batches.reduce((sum, { size }) => sum + size, 0);
        expect(sizes).to.equal(candidates.length);
        const counted = batches.flatMap(({ counts }) => Object.values(counts));
        expect(counted.reduce((sum, count) => sum + count, 0)).to.equal(rows.length);
        for (const batch of sendable(batches)) {
          expect(batch.size).to.equal(idsIn(batch).length);
          if (batch.tokens != null) expect(batch.tokens).to.have.length(batch.size);
        }
        expect(planSequence).to.equal(TASK.planSequence + batches.length);
      }),
    );
  });
});
