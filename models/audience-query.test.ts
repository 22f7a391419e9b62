import { expect } from 'chai';
import fc from 'fast-check';
import { type mongo, Types } from 'mongoose';
import { testDatabase } from '../test/support/mongo.js';
import { type AudienceQuery, allQuery, countTags, tagQuery } from './audience-query.js';
import { type Device, deviceModel } from './device.js';
import { parseTagExpression, type TagExpression } from './tag-expression.js';

const TAGS = ['vip', 'churned', 'trial', 'beta', 'has blanks'];
const DEVICES = 300;

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

const matches = (tags: readonly string[], expression: TagExpression): boolean => {
  switch (expression.kind) {
    case 'tag':
      return tags.includes(expression.tag);
    case 'not':
      return !matches(tags, expression.of);
    case 'and':
      return expression.of.every((part) => matches(tags, part));
    case 'or':
      return expression.of.some((part) => matches(tags, part));
  }
};

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
  const stored: Device[] = Array.from({ length: DEVICES }, (_, index) => deviceOf(index));
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

  const expected = (expression: TagExpression): string[] =>
    stored
      .filter(({ app, tags }) => app === 'shop' && matches(tags, expression))
      .map(({ _id }) => String(_id));

  const planOf = async (text: string, after?: Types.ObjectId): Promise<Plan[]> => {
    const explained = (await find(tagQuery('shop', parseTagExpression(text)), after).explain(
      'queryPlanner',
    )) as unknown as { queryPlanner: { winningPlan: Plan & { queryPlan?: Plan } } };
    const { winningPlan } = explained.queryPlanner;
    return stagesOf(winningPlan.queryPlan ?? winningPlan);
  };

  const leaf: fc.Arbitrary<TagExpression> = fc
    .constantFrom(...TAGS, 'nobody')
    .map((tag) => ({ kind: 'tag', tag }));
  const { expression: anyExpression } = fc.letrec<{ expression: TagExpression }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4, depthSize: 'medium' },
      leaf,
      tie('expression').map((of) => ({ kind: 'not' as const, of })),
      fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        of: fc.array(tie('expression'), { minLength: 2, maxLength: 4 }),
      }),
    ),
  }));

  it('finds exactly the devices that the expression describes, in the order of ids', async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(anyExpression, fc.boolean(), async (expression, counted) => {
        const counts = counted ? await countTags(devices, 'shop', expression) : new Map();
        expect(await idsOf(tagQuery('shop', expression, counts))).to.deep.equal(
          expected(expression),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('finds what lies behind a device and nothing before it', async () => {
    const after = stored[150]!._id;
    for (const text of [
      'vip',
      'vip | trial',
      '!vip',
      'vip & !trial',
      '(vip|beta)&(trial|churned)',
    ]) {
      const expression = parseTagExpression(text);
      const all = expected(expression);
      const behind = all.filter((id) => id > String(after));
      expect(behind).to.have.lengthOf.within(1, all.length - 1);
      expect(await idsOf(tagQuery('shop', expression), after)).to.deep.equal(behind);
    }
  });

  it('takes a tag as a text, also one that looks like a field', async () => {
    expect(await idsOf(tagQuery('shop', parseTagExpression('vip & !"$app"')))).to.deep.equal(
      expected(parseTagExpression('vip')),
    );
    expect(await idsOf(tagQuery('shop', parseTagExpression('"$tags"')))).to.deep.equal([]);
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
          for (const field of ['app', ...(index.includes('tags') ? ['tags'] : [])]) {
            const [first, ...others] = scan.indexBounds?.[field] ?? [];
            expect(others).to.deep.equal([]);
            expect(first).to.match(/^\["(.*)", "\1"\]$/);
          }
          if (after) expect(scan.indexBounds?._id?.[0]).to.contain(String(after));
        }
      }
    });
  }

  it('lets the rarest tag lead a conjunction, and counts nothing where there is no choice', async () => {
    const rare = deviceOf(1_000, 'shop');
    await devices.insertOne({ ...rare, tags: ['vip', 'rare'] });
    const expression = parseTagExpression('vip & rare & !trial');
    const counts = await countTags(devices, 'shop', expression);
    expect(counts.get('rare')).to.equal(1);
    expect(counts.has('trial')).to.equal(false);
    const explained = (await find(tagQuery('shop', expression, counts)).explain(
      'executionStats',
    )) as unknown as { executionStats: { totalKeysExamined: number } };
    expect(explained.executionStats.totalKeysExamined).to.be.at.most(2);
    for (const text of ['vip', 'vip | beta', 'vip & !beta', '!vip']) {
      expect(await countTags(devices, 'shop', parseTagExpression(text))).to.have.property(
        'size',
        0,
      );
    }
    await devices.deleteOne({ _id: rare._id });
  });

  context('when devices are registered while it streams', () => {
    it('misses nobody who was there before, and doubles nobody', async () => {
      const expression = parseTagExpression('(vip | beta) & !trial');
      const before = await idsOf(tagQuery('shop', expression));
      const seen: string[] = [];
      let after: Types.ObjectId | undefined;
      for (let page = 0; ; page += 1) {
        const found = await find(tagQuery('shop', expression), after).limit(7).toArray();
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
