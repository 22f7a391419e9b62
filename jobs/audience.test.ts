import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import Joi from 'joi';
import { type mongo, Types } from 'mongoose';
import { dbOf } from '../models/database.js';
import type { Device } from '../models/device.js';
import { ExpressionError } from '../models/expression/expression.js';
import { createIndexes } from '../models/indexes.js';
import type { Audience, TokenItem } from '../models/task.js';
import { accountKey, tokenKey } from '../models/token-key.js';
import { registered } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';
import { type AudienceSource, openAudience } from './audience.js';
import { unregisteredId } from './audience-tokens.js';
import { type AudienceContext, type Candidate } from './candidate.js';
import { createPriority } from './priority.js';
import { createReads } from './reads.js';

const NOW = new Date('2026-11-22T12:00:00Z');
const SECRET = Buffer.alloc(32, 1);
/** One that takes any token as it is, one that has a spelling of its own. */
const VENDORS = new Map(
  ['fcm', 'sandbox'].map((name) => [name, { token: Joi.string() }] as const),
).set('apns', { token: Joi.string().hex().lowercase() });

describe('openAudience', () => {
  const database = testDatabase();
  let app: string;
  let about: AudienceContext;

  const db = (): mongo.Db => dbOf(database().connection);
  const add = (token: string, change: Partial<Device> = {}): Promise<Types.ObjectId> =>
    registered(database().connection, SECRET, { app, token, ...change });
  /** Registered by a gateway whose ids are spread over all others. */
  const addAnywhere = (token: string, change: Partial<Device> = {}): Promise<Types.ObjectId> =>
    add(token, { _id: new Types.ObjectId(randomBytes(12)), ...change });

  const open = (audience: Audience): Promise<AudienceSource> =>
    openAudience(about, audience, { now: NOW });
  /** Everybody, page by page as the planner asks. */
  const read = async (source: AudienceSource, limit = 1_000): Promise<Candidate[]> => {
    const all: Candidate[] = [];
    for (;;) {
      const some = await source.next(all.at(-1)?.id, limit);
      expect(some.length).to.be.at.most(limit);
      all.push(...some);
      if (some.length < limit) return all;
    }
  };
  const idsOf = (candidates: readonly Candidate[]): string[] =>
    candidates.map(({ id }) => id.toHexString());
  const sorted = (ids: readonly Types.ObjectId[]): string[] =>
    ids.map((id) => id.toHexString()).sort();
  const ids = async (audience: Audience, limit?: number): Promise<string[]> =>
    idsOf(await read(await open(audience), limit));

  before(() => createIndexes(database().connection));
  beforeEach(() => {
    app = `app-${randomBytes(4).toString('hex')}`;
    const priority = createPriority(() => performance.now());
    const reads = createReads(db(), priority);
    about = { db: db(), reads, priority, app, secret: SECRET, vendors: VENDORS };
  });

  describe('tokens', () => {
    it('finds a token’s device, with or without its vendor', async () => {
      const device = await add('a', { vendor: 'fcm' });
      expect(await ids({ tokens: [{ token: 'a', vendor: 'fcm' }] })).to.deep.equal(
        sorted([device]),
      );
      const [candidate] = await read(await open({ tokens: [{ token: 'a' }] }));
      expect(candidate?.device).to.include({ token: 'a', vendor: 'fcm', app });
      expect(candidate).not.to.have.property('raw');
    });

    it('finds a token in another spelling than its vendor’s, also without its vendor', async () => {
      const device = await add('abc123', { vendor: 'apns' });
      expect(await ids({ tokens: [{ token: 'ABC123' }] })).to.deep.equal(sorted([device]));
    });

    it('finds the device of each profile that a token is registered in, unless one is named', async () => {
      const both = [await add('a'), await add('a', { profile: 'debug' })];
      expect(await ids({ tokens: [{ token: 'a' }] })).to.deep.equal(sorted(both));
      expect(await ids({ tokens: [{ token: 'a', profile: 'debug' }] })).to.deep.equal(
        sorted(both.slice(1)),
      );
    });

    it('finds the devices of each vendor that gave out the same token, unless one is named', async () => {
      const both = [await add('a', { vendor: 'fcm' }), await add('a', { vendor: 'apns' })];
      expect(await ids({ tokens: [{ token: 'a' }] })).to.deep.equal(sorted(both));
      expect(await ids({ tokens: [{ token: 'a', vendor: 'apns' }] })).to.deep.equal(
        sorted(both.slice(1)),
      );
    });

    it('finds a token in the spelling of each vendor that could have given it out', async () => {
      const small = await add('ab12', { vendor: 'apns' });
      const large = await add('AB12', { vendor: 'fcm' });
      await add('ab12', { vendor: 'fcm' });
      expect(await ids({ tokens: [{ token: 'AB12' }] })).to.deep.equal(sorted([small, large]));
    });

    it('names a device once, however often its token is in the list', async () => {
      const device = await add('a');
      const tokens = [{ token: 'a' }, { token: 'a', vendor: 'sandbox' }, { token: 'a' }];
      expect(await ids({ tokens })).to.deep.equal(sorted([device]));
    });

    it('gives a token that is not registered the same id each time, which tells nothing', async () => {
      const tokens = [
        { token: 'a', vendor: 'fcm' },
        { token: 'a', vendor: 'fcm' },
        { token: 'b' },
        { token: 'a', vendor: 'apns', profile: 'debug' },
      ];
      const first = await read(await open({ tokens }));
      const second = await read(await open({ tokens: [...tokens].reverse() }));
      expect(idsOf(second)).to.deep.equal(idsOf(first));
      expect(first.map(({ raw }) => raw)).to.have.deep.members([
        { token: 'a', vendor: 'fcm', profile: 'default' },
        { token: 'b', profile: 'default' },
        { token: 'a', vendor: 'apns', profile: 'debug' },
      ]);
      const [fcm] = first.filter(({ raw }) => raw?.vendor === 'fcm');
      expect(fcm?.id.toHexString()).to.equal(
        tokenKey(SECRET, 'fcm', 'a').subarray(0, 12).toString('hex'),
      );
      expect(unregisteredId(randomBytes(32), 'fcm', 'a').toHexString()).not.to.equal(
        fcm?.id.toHexString(),
      );
      expect(fcm).not.to.have.property('device');
    });

    it('does not know a token of another app', async () => {
      await add('a', { app: `${app}-other` });
      const [candidate] = await read(await open({ tokens: [{ token: 'a' }] }));
      expect(candidate?.raw).to.deep.equal({ token: 'a', profile: 'default' });
    });

    it('is planned in one stretch', async () => {
      expect(await open({ tokens: [{ token: 'a' }] })).to.include({ oneStretch: true, size: 1 });
    });
  });

  describe('devices', () => {
    it('finds each once, and leaves unknown ones to be told so', async () => {
      const known = await add('a');
      const unknown = new Types.ObjectId();
      const devices = [
        known.toHexString(),
        unknown.toHexString(),
        known.toHexString().toUpperCase(),
      ];
      const found = await read(await open({ devices }));
      expect(idsOf(found)).to.deep.equal(sorted([known, unknown]));
      expect(found.map(({ device }) => device?.token)).to.have.members(['a', undefined]);
    });

    it('reads nothing of a device of another app', async () => {
      const foreign = await add('a', { app: `${app}-other` });
      const found = await read(await open({ devices: [foreign.toHexString()] }));
      expect(found).to.deep.equal([{ id: foreign }]);
    });

    it('reads devices at the moment they are asked for', async () => {
      const [first, second] = [await add('a'), await add('b')];
      const source = await open({ devices: sorted([first, second]) });
      expect(idsOf(await source.next(undefined, 1))).to.deep.equal([first.toHexString()]);
      await db().collection<Device>('devices').deleteOne({ _id: second });
      expect(await source.next(first, 1)).to.deep.equal([{ id: second }]);
    });
  });

  describe('accounts', () => {
    it('finds all devices of each, with the account’s key and data, and counts those without any', async () => {
      const phone = await add('a', { account: 'ada' });
      const tablet = await add('b', { account: 'ada' });
      const other = await add('c', { account: 'bob' });
      await add('d', { account: 'eve' });
      await add('e', { account: 'ada', app: `${app}-other` });
      const source = await open({
        accounts: [
          { account: 'ada', data: { code: '42' } },
          { account: 'bob' },
          { account: 'nobody' },
          { account: 'no-one' },
        ],
      });
      expect(source).to.include({ unmatched: 2, size: 3 });
      const found = await read(source);
      expect(idsOf(found)).to.deep.equal(sorted([phone, tablet, other]));
      const byId = new Map(found.map((one) => [one.id.toHexString(), one]));
      for (const id of [phone, tablet]) {
        const one = byId.get(id.toHexString());
        expect(one?.accountKey).to.deep.equal(accountKey(SECRET, 'ada'));
        expect(one?.data).to.deep.equal({ code: '42' });
      }
      expect(byId.get(other.toHexString())).not.to.have.property('data');
    });

    it('counts an account that is named twice once', async () => {
      await add('a', { account: 'ada' });
      const accounts = [
        { account: 'ada', data: { code: '1' } },
        { account: 'nobody' },
        { account: 'ada', data: { code: '2' } },
        { account: 'nobody' },
      ];
      const source = await open({ accounts });
      expect(source).to.include({ unmatched: 1, size: 1 });
      expect((await read(source))[0]?.data).to.deep.equal({ code: '2' });
    });

    it('finds accounts beyond the first thousand', async () => {
      const device = await add('a', { account: 'user-1400' });
      const accounts = Array.from({ length: 1_500 }, (_, index) => ({ account: `user-${index}` }));
      const source = await open({ accounts });
      expect(source).to.include({ unmatched: 1_499 });
      expect(idsOf(await read(source))).to.deep.equal(sorted([device]));
    });
  });

  describe('where', () => {
    it('counts ages back from the instant that it is told', async () => {
      const day = (days: number) => ({ lastSeenAt: new Date(NOW.getTime() - days * 86_400_000) });
      const seen = await add('a', day(29));
      await add('b', day(31));
      await add('c');
      expect(await ids({ where: 'lastSeen within 30d' })).to.deep.equal(sorted([seen]));
      expect(await ids({ where: '!lastSeen within 30d' })).to.have.lengthOf(2);
    });

    it('is not what tags may say', async () => {
      const rejected = await open({ tags: 'platform = ios' }).catch((error: unknown) => error);
      expect(rejected).to.be.instanceOf(ExpressionError);
    });
  });

  describe('exclude', () => {
    it('leaves out devices, accounts and what an expression describes, from whatever is streamed', async () => {
      const stays = await add('a', { tags: ['vip'], account: 'ada' });
      const byId = await add('b', { tags: ['vip'] });
      await add('c', { tags: ['vip'], account: 'bob' });
      await add('d', { tags: ['vip', 'churned'] });
      await add('e', { tags: ['vip'], brand: 'honor' });
      const exclude = {
        devices: [byId.toHexString()],
        accounts: ['bob', 'nobody'],
        where: 'churned | brand = honor',
      };
      for (const audience of [{ all: true }, { tags: 'vip' }, { where: 'vip' }] as const) {
        expect(await ids({ ...audience, exclude })).to.deep.equal(sorted([stays]));
        expect(await ids({ ...audience, exclude: { accounts: ['bob'] } })).to.have.lengthOf(4);
      }
    });

    it('leaves out tokens in any spelling, of the vendor and the profile that are named', async () => {
      const fcm = await add('AB12', { vendor: 'fcm' });
      const debug = await add('ab12', { vendor: 'apns', profile: 'debug' });
      const apns = await add('ab12', { vendor: 'apns' });
      const without = (...tokens: TokenItem[]) => ids({ all: true, exclude: { tokens } });
      expect(await without({ token: 'AB12' })).to.deep.equal([]);
      expect(await without({ token: 'AB12', vendor: 'fcm' })).to.deep.equal(sorted([debug, apns]));
      expect(await without({ token: 'AB12', vendor: 'apns' })).to.deep.equal(sorted([fcm]));
      expect(await without({ token: 'ab12', profile: 'debug' })).to.deep.equal(sorted([fcm, apns]));
    });

    it('fills its pages with those who stay', async () => {
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, at) => add(`t-${at}`, { account: at % 4 ? 'out' : 'in' })),
      );
      const stay = sorted(all.filter((_, at) => at % 4 === 0));
      const exclude = { accounts: ['out'] };
      for (const limit of [1, 3, 5, 100]) {
        expect(await ids({ all: true, exclude }, limit)).to.deep.equal(stay);
      }
      const source = await open({ all: true, exclude });
      expect(idsOf(await source.next(undefined, 3))).to.deep.equal(stay.slice(0, 3));
    });
  });

  describe('paging', () => {
    const audiences: [string, (all: readonly Types.ObjectId[]) => Audience][] = [
      ['all', () => ({ all: true })],
      ['a tag', () => ({ tags: 'vip' })],
      ['alternatives that overlap', () => ({ tags: 'vip | late | (vip & late)' })],
      ['a negation', () => ({ tags: '!churned' })],
      ['facts', () => ({ where: 'account in (ada, bob) & !churned' })],
      [
        'everybody but some',
        () => ({ all: true, exclude: { tokens: [{ token: 'stranger' }], accounts: ['nobody'] } }),
      ],
      ['devices', (all) => ({ devices: sorted(all).reverse() })],
      ['accounts', () => ({ accounts: [{ account: 'ada' }, { account: 'bob' }] })],
      ['tokens', () => ({ tokens: Array.from({ length: 30 }, (_, at) => ({ token: `t-${at}` })) })],
    ];
    for (const [name, audienceOf] of audiences) {
      it(`goes through ${name} in the order of ids, in pages of any size`, async () => {
        const all = await Promise.all(
          Array.from({ length: 30 }, (_, index) =>
            addAnywhere(`t-${index}`, {
              tags: index % 3 === 0 ? ['vip', 'late'] : ['vip'],
              account: index % 2 === 0 ? 'ada' : 'bob',
            }),
          ),
        );
        const churned = await add('stranger', { tags: ['churned'] });
        const audience = audienceOf(all);
        const expected = sorted(name === 'all' ? [...all, churned] : all);
        for (const limit of [1, 7, 30, 1_000]) {
          expect(await ids(audience, limit)).to.deep.equal(expected);
        }
      });
    }

    it('reads by whom a device is known only where somebody is on the suppression list', async () => {
      await add('a', { account: 'ada', locale: 'de' });
      const [before] = await read(await open({ all: true }));
      expect(before?.device).to.have.keys(
        ...['_id', 'app', 'vendor', 'profile', 'consent', 'state'],
      );
      await db()
        .collection('suppressions')
        .insertOne({ app, kind: 'token', reason: 'erased', at: new Date() });
      const [after] = await read(await open({ all: true }));
      expect(after?.device).to.include({ app, token: 'a', account: 'ada' });
      expect(after?.device).to.include.keys('tokenKey');
    });

    it('continues behind a device that has been deleted meanwhile', async () => {
      const all = await Promise.all(['a', 'b', 'c', 'd'].map((token) => add(token)));
      const expected = sorted(all);
      for (const audience of [{ all: true }, { devices: expected }] as Audience[]) {
        const source = await open(audience);
        const [, second] = await source.next(undefined, 2);
        const gone = { _id: second!.id };
        const device = await db().collection<Device>('devices').findOneAndDelete(gone);
        expect(idsOf(await source.next(second!.id, 2))).to.deep.equal(expected.slice(2));
        await db().collection<Device>('devices').insertOne(device!);
      }
    });

    for (const audience of [{ all: true }, { tags: 'vip & !churned' }] as Audience[]) {
      it(`misses and doubles nobody of ${JSON.stringify(audience)} while devices are registered`, async () => {
        const early = await Promise.all(
          Array.from({ length: 60 }, (_, index) => addAnywhere(`e-${index}`, { tags: ['vip'] })),
        );
        const late: Types.ObjectId[] = [];
        const source = await open(audience);
        const seen: string[] = [];
        for (let after: Types.ObjectId | undefined; ; ) {
          const some = await source.next(after, 7);
          seen.push(...idsOf(some));
          if (some.length < 7) break;
          after = some.at(-1)?.id;
          const tags = ['vip'];
          late.push(
            ...(await Promise.all(
              [1, 2].map((nth) => addAnywhere(`l-${seen.length}-${nth}`, { tags })),
            )),
          );
          // Being changed, as opposed to being new, neither hides nor repeats anybody.
          await db()
            .collection<Device>('devices')
            .updateMany({ app }, { $set: { updatedAt: new Date(), locale: `l${seen.length}` } });
        }
        expect(new Set(seen).size).to.equal(seen.length);
        expect(seen).to.include.members(sorted(early));
        expect(sorted([...early, ...late])).to.include.members(seen);
      });
    }
  });
});
