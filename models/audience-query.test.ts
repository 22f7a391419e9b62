import { expect } from 'chai';
import fc from 'fast-check';
import { type mongo, Types } from 'mongoose';
import {
  type AnyExpression,
  anyExpression,
  anyFacts,
  anyTagExpression,
  NOW,
  TAGS,
} from '../test/support/any-expression.js';
import { testDatabase } from '../test/support/mongo.js';
import {
  type AudienceQuery,
  allQuery,
  countLeads,
  expressionQuery,
  type LeadCounts,
} from './audience-query.js';
import { type Device, deviceModel } from './device.js';
import { keyOfText } from './expression/literal.js';
import { parseExpression } from './expression/parse.js';
import { versionKey } from './expression/version.js';

const DEVICES = 300;
const WITH_FACTS = 300;

/** Every combination of tags stands for some devices; two apps share them. */
const deviceOf = (index: number, app = index % 3 === 0 ? 'bank' : 'shop'): Device => ({
  _id: new Types.ObjectId(),
  app,
  vendor: 'fcm',
  profile: 'default',
  token: `token-${index}`,
  tokenKey: Buffer.from(`key-${index}`),
  tags: TAGS.filter((_, bit) => (index >> bit) & 1),
  consent: { purposes: {} },
  state: 'active',
  registeredAt: new Date(),
  createdAt: new Date(),
  updatedAt: new Date(),
});

const present = <Fields extends object>(fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields;

const keysOf = (attributes: Device['attributes']): Device['attributeKeys'] =>
  Object.fromEntries(
    Object.entries(attributes ?? {}).flatMap(([name, value]) => {
      const key = typeof value === 'string' ? keyOfText(value) : undefined;
      return key == null ? [] : [[name, key]];
    }),
  );

/** Facts at random, yet the same in each run. */
const devicesWithFacts = (): Device[] =>
  fc.sample(anyFacts, { numRuns: WITH_FACTS, seed: 42 }).map((facts, index) =>
    present({
      ...deviceOf(DEVICES + index, 'shop'),
      ...facts,
      appVersionKey: versionKey(facts.appVersion ?? ''),
      osVersionKey: versionKey(facts.osVersion ?? ''),
      attributeKeys: keysOf(facts.attributes),
    }),
  );

interface Plan {
  stage: string;
  indexName?: string;
  indexBounds?: Record<string, string[]>;
  inputStage?: Plan;
  inputStages?: Plan[];
}

const stagesOf = (plan: Plan): Plan[] => [
  plan,
  ...[plan.inputStage ?? [], plan.inputStages ?? []].flat().flatMap(stagesOf),
];

describe('The query of an audience', () => {
  const db = testDatabase();
  const stored: Device[] = [
    ...Array.from({ length: DEVICES }, (_, index) => deviceOf(index)),
    ...devicesWithFacts(),
  ];
  let devices: mongo.Collection<Device>;

  before(async () => {
    const model = deviceModel(db().connection);
    await model.init();
    devices = model.collection as unknown as mongo.Collection<Device>;
    await devices.insertMany(stored);
  });

  const find = (query: AudienceQuery, after?: Types.ObjectId) =>
    devices.find(query.filter(after), { sort: { _id: 1 }, hint: query.hint });

  const idsOf = async (query: AudienceQuery, after?: Types.ObjectId): Promise<string[]> =>
    (await find(query, after).project({ _id: 1 }).toArray()).map(({ _id }) => String(_id));

  const tagged = (text: string, counts: LeadCounts = new Map()): AudienceQuery =>
    expressionQuery('shop', parseExpression(text), { now: NOW, counts });

  const expected = (holds: (device: Device) => boolean): string[] =>
    stored.filter((device) => device.app === 'shop' && holds(device)).map(({ _id }) => String(_id));

  const planOf = async (text: string, after?: Types.ObjectId): Promise<Plan[]> => {
    const explained = (await find(tagged(text), after).explain('queryPlanner')) as unknown as {
      queryPlanner: { winningPlan: Plan & { queryPlan?: Plan } };
    };
    const { winningPlan } = explained.queryPlanner;
    return stagesOf(winningPlan.queryPlan ?? winningPlan);
  };

  const agree = async ({ text, holds }: AnyExpression, counted: boolean): Promise<void> => {
    const counts = counted
      ? await countLeads(devices, 'shop', parseExpression(text))
      : new Map<string, number>();
    expect(await idsOf(tagged(text, counts)), text).to.deep.equal(expected(holds));
  };

  it('finds exactly the devices whose tags the expression describes, in the order of ids', async () => {
    await fc.assert(fc.asyncProperty(anyTagExpression, fc.boolean(), agree), { numRuns: 300 });
  });

  it('finds exactly the devices whose facts the expression describes', async function () {
    this.timeout(120_000);
    await fc.assert(fc.asyncProperty(anyExpression, fc.boolean(), agree), { numRuns: 1_000 });
  });

  it('finds what lies behind a device and nothing before it', async () => {
    const after = stored[DEVICES + 100]!._id;
    for (const text of [
      'vip',
      'vip | trial',
      '!vip',
      'vip & !trial',
      '(vip|beta)&(trial|churned)',
      'platform = ios',
      'account in (ada, bob)',
      'attr.level > 1 | language = zh | vip',
    ]) {
      const all = await idsOf(tagged(text));
      const behind = all.filter((id) => id > String(after));
      expect(behind).to.have.lengthOf.within(1, all.length - 1);
      expect(await idsOf(tagged(text), after)).to.deep.equal(behind);
    }
  });

  it('takes a tag as a text, also one that looks like a field', async () => {
    expect(await idsOf(tagged('vip & !"$app"'))).to.deep.equal(
      expected(({ tags }) => tags.includes('vip')),
    );
    for (const text of [
      '"$tags"',
      'brand = "$vendor"',
      'attr.plan = "$account"',
      '!!brand="$brand"',
    ]) {
      expect(await idsOf(tagged(text))).to.deep.equal([]);
    }
  });

  it('knows what a device has, also where it cannot be compared', async () => {
    for (const [text, value] of [
      ['has appVersion & !(appVersion >= 0)', 'nightly'],
      ['has attr.plan & !(attr.plan >= 0.0.0) & attr.plan = nightly', undefined],
    ] as const) {
      const found = await idsOf(tagged(text));
      expect(found, text).to.have.lengthOf.above(0);
      const isIt = ({ appVersion, attributes }: Device) =>
        value == null ? attributes?.plan === 'nightly' : appVersion === value;
      expect(found).to.deep.equal(expected(isIt));
    }
  });

  it('finds all devices of one app and none of another', async () => {
    const shop = stored.filter(({ app }) => app === 'shop').map(({ _id }) => String(_id));
    expect(await idsOf(allQuery('shop'))).to.deep.equal(shop);
  });

  const scans: [string, string][] = [
    ['vip', 'app_1_tags_1__id_1'],
    ['vip & beta', 'app_1_tags_1__id_1'],
    ['vip | beta | trial', 'app_1_tags_1__id_1'],
    ['vip & !churned', 'app_1_tags_1__id_1'],
    ['vip & !(churned | trial)', 'app_1_tags_1__id_1'],
    ['(vip | beta) & (trial | churned) & !"has blanks"', 'app_1_tags_1__id_1'],
    ['(vip & beta) | (trial & !vip) | churned', 'app_1_tags_1__id_1'],
    ['!(!vip | churned)', 'app_1_tags_1__id_1'],
    [Array.from({ length: 64 }, (_, i) => `t${i}`).join('|'), 'app_1_tags_1__id_1'],
    ['!vip', 'app_1__id_1'],
    ['vip | !beta', 'app_1__id_1'],
    ['platform = ios', 'app_1_platform_1__id_1'],
    ['platform in (ios, ipados) & appVersion < 3.2.0', 'app_1_platform_1__id_1'],
    ['platform = ios | platform = android & vip', 'app_1_platform_1__id_1'],
    ['account = ada', 'app_1_account_1__id_1'],
    ['account in (ada, bob) & vip & platform = ios', 'app_1_account_1__id_1'],
    ['vip & platform = ios & lastSeen within 30d', 'app_1_tags_1__id_1'],
    ['(vip | beta & platform = ios) & attr.level >= 10', 'app_1_tags_1__id_1'],
    ['vip | platform = ios', 'app_1__id_1'],
    ['platform != ios', 'app_1__id_1'],
    ['has account', 'app_1__id_1'],
    ['attr.level >= 10 & locale in (zh, zh-TW)', 'app_1__id_1'],
  ];
  for (const [text, index] of scans) {
    it(`walks an index without sorting for ${text.slice(0, 50)}`, async () => {
      for (const after of [undefined, stored[100]!._id]) {
        const plan = await planOf(text, after);
        const names = plan.map(({ stage }) => stage);
        expect(names).to.include('IXSCAN');
        expect(names.filter((name) => name === 'SORT' || name === 'COLLSCAN')).to.deep.equal([]);
        for (const scan of plan.filter(({ stage }) => stage === 'IXSCAN')) {
          expect(scan.indexName).to.equal(index);
          // One point of app (and tag) only: within it, the index is sorted by id.
          const leads = ['tags', 'account', 'platform'].filter((name) => index.includes(name));
          for (const field of ['app', ...leads]) {
            const [first, ...others] = scan.indexBounds?.[field] ?? [];
            expect(others).to.deep.equal([]);
            expect(first).to.match(/^\["(.*)", "\1"\]$/);
          }
          if (after) expect(scan.indexBounds?._id?.[0]).to.contain(String(after));
        }
      }
    });
  }

  it('walks all devices where there would be too many scans at a time', async () => {
    const text = [...TAGS, ...Array.from({ length: 100 }, (_, i) => `t${i}`)].map(
      (tag) => `"${tag}"`,
    );
    const many = parseExpression(text.join('|'), { expanded: true });
    const query = expressionQuery('shop', many, { now: NOW });
    expect(query.hint).to.deep.equal({ app: 1, _id: 1 });
    expect(await idsOf(query)).to.deep.equal(expected(({ tags }) => tags.length > 0));
  });

  it('lets the rarest tag lead a conjunction, and counts nothing where there is no choice', async () => {
    const rare = deviceOf(1_000, 'shop');
    await devices.insertOne({ ...rare, tags: ['vip', 'rare'] });
    const expression = parseExpression('vip & rare & platform = ios & !trial');
    const counts = await countLeads(devices, 'shop', expression);
    expect(counts.get('tags/rare')).to.equal(1);
    expect(counts.has('tags/trial')).to.equal(false);
    const query = expressionQuery('shop', expression, { now: NOW, counts });
    const explained = (await find(query).explain('executionStats')) as unknown as {
      executionStats: { totalKeysExamined: number };
    };
    expect(explained.executionStats.totalKeysExamined).to.be.at.most(2);
    for (const text of ['vip', 'vip | beta', 'vip & !beta', '!vip', 'platform = ios & has brand']) {
      const counted = await countLeads(devices, 'shop', parseExpression(text));
      expect(counted).to.have.property('size', 0);
    }
    await devices.deleteOne({ _id: rare._id });
  });

  it('counts only what can lead, a few at a time', async () => {
    let open = 0;
    let most = 0;
    const asked: string[] = [];
    const watched = {
      async countDocuments(filter: Record<string, string>) {
        open += 1;
        most = Math.max(most, open);
        asked.push(filter.tags ?? filter.account ?? filter.platform ?? '');
        await Promise.resolve();
        open -= 1;
        return asked.length;
      },
    } as unknown as typeof devices;
    const some = (count: number) => Array.from({ length: count }, (_, i) => `t${i}`).join('|');
    const countOf = async (text: string): Promise<LeadCounts> => {
      asked.length = 0;
      return countLeads(watched, 'shop', parseExpression(text, { expanded: true }));
    };
    await countOf(`vip & beta & (${some(65)})`);
    expect(asked).to.have.members(['vip', 'beta']);
    await countOf('(vip | platform = ios) & beta & platform = android');
    expect(asked).to.have.members(['beta', 'android']);
    expect(await countOf(`(${some(64)}) & (vip | beta)`)).to.have.property('size', 66);
    expect(most).to.be.within(2, 4);
  });

  it('lets fewer lead where the rarer ones are too many', () => {
    const counts = new Map([['tags/vip', 10_000]]);
    const text = Array.from({ length: 65 }, (_, i) => `t${i}`).join('|');
    const expression = parseExpression(`vip & (${text})`, { expanded: true });
    const { hint } = expressionQuery('shop', expression, { now: NOW, counts });
    expect(hint).to.deep.equal({ app: 1, tags: 1, _id: 1 });
  });

  context('when devices are registered while it streams', () => {
    it('misses nobody who was there before, and doubles nobody', async () => {
      const query = tagged('(vip | beta) & !trial');
      const before = await idsOf(query);
      const seen: string[] = [];
      let after: Types.ObjectId | undefined;
      for (let page = 0; ; page += 1) {
        const found = await find(query, after).limit(7).toArray();
        const last = found.at(-1);
        if (last == null || page > 60) break;
        seen.push(...found.map(({ _id }) => String(_id)));
        after = last._id;
        // One newcomer behind the cursor, one whose id sorts first of all, one who changes tags already seen.
        const early = new Types.ObjectId(page.toString(16).padStart(24, '0'));
        await devices.insertMany([
          { ...deviceOf(2_000 + page, 'shop'), tags: ['vip'] },
          { ...deviceOf(3_000 + page, 'shop'), _id: early, tags: ['vip'] },
        ]);
        await devices.updateOne({ _id: last._id }, { $addToSet: { tags: 'other' } });
      }
      expect(new Set(seen).size).to.equal(seen.length);
      expect(seen).to.include.members(before);
      expect(seen.filter((id) => id.startsWith('000000'))).to.deep.equal([]);
    });
  });
});
