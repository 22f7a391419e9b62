/** Turns an audience into candidates: device ids in ascending order, with what each is expected to be. */
import type { mongo, Types } from 'mongoose';
import {
  type AudienceQuery,
  allQuery,
  countLeads,
  expressionQuery,
} from '../models/audience-query.js';
import type { Device } from '../models/device.js';
import type { Expression } from '../models/expression/expression.js';
import { parseExpression } from '../models/expression/parse.js';
import { findPage } from '../models/find-page.js';
import type { AccountItem, Audience, QueriedAudience, TokenItem } from '../models/task.js';
import { resolveAccounts } from './audience-accounts.js';
import { resolveTokens } from './audience-tokens.js';
import type { AudienceContext, Candidate } from './candidate.js';
import type { JobContext } from './context.js';
import { DEVICE_FIELDS, type DeviceView, type JudgedDevice, PLAN_FIELDS } from './eligibility.js';
import { exclusionOf } from './exclusion.js';
import { filtered } from './filtered.js';
import { compareIds, uniqueIds } from './ids.js';
import { hasList } from './on-list.js';
import { orderBy } from './order.js';

/** Candidates at random. */
export interface Sampled {
  /** Those that were read, without what the audience leaves out. */
  readonly candidates: Candidate[];
  readonly read: number;
  /** How many there are to read. */
  readonly of: number;
}

export interface AudienceSource {
  /** Accounts of the audience that have no device. */
  readonly unmatched: number;
  /** The next candidates behind `after`, at most `limit`, in the order of ids; none = the end. */
  next(after: Types.ObjectId | undefined, limit: number): Promise<Candidate[]>;
  /** Known when the audience is a list. */
  readonly size?: number;
  /** Some of all candidates at random; absent when the audience is a list. */
  readonly sampled?: (size: number) => Promise<Sampled>;
  /** Ids of unregistered tokens change when they register, so this list must be planned in one stretch. */
  readonly oneStretch?: boolean;
}

const readDevices = async (
  { reads, app }: AudienceContext,
  ids: readonly Types.ObjectId[],
): Promise<Map<string, DeviceView>> => {
  const found = (await reads.devices(ids)).filter((device) => device.app === app);
  return new Map(found.map((device) => [device._id.toHexString(), device]));
};

type Streamed = Omit<JudgedDevice, 'app'>;
type DeviceFields = Readonly<Partial<Record<keyof typeof DEVICE_FIELDS, 1>>>;

// Whoever comes onto the list later is found there right before sending.
const fieldsOf = async (db: mongo.Db, app: string, extraFields: DeviceFields) => ({
  ...((await hasList(db, app)) ? DEVICE_FIELDS : PLAN_FIELDS),
  ...extraFields,
});

const candidatesOf = (app: string, found: Streamed[]): Candidate[] =>
  found.map((device) => ({ id: device._id, device: Object.assign(device, { app }) }));

const streamed = (
  { db, priority, app }: Pick<AudienceContext, 'db' | 'priority' | 'app'>,
  query: AudienceQuery,
  extraFields: DeviceFields = {},
): AudienceSource => ({
  unmatched: 0,
  async next(after, limit) {
    const projection = await fieldsOf(db, app, extraFields);
    const found: Streamed[] = [];
    for (let more = true; more; ) {
      const wanted = Math.min(priority.pieceDevices, limit - found.length);
      const page = await findPage<Streamed>(
        db,
        'devices',
        {
          filter: query.filter(found.at(-1)?._id ?? after) as mongo.Filter<Streamed>,
          projection,
          sort: { _id: 1 },
          hint: query.hint,
          limit: wanted,
        },
        { turn: () => priority.giveWay() },
      );
      found.push(...page);
      more = page.length === wanted && found.length < limit;
    }
    return candidatesOf(app, found);
  },
  async sampled(size) {
    const projection = await fieldsOf(db, app, extraFields);
    const filter = query.filter();
    const options = { hint: query.hint };
    const devices = db.collection<Streamed>('devices');
    const [of, found] = await Promise.all([
      db.collection<Device>('devices').countDocuments(filter, options),
      devices
        .aggregate<Streamed>(
          [{ $match: filter }, { $project: projection }, { $sample: { size } }],
          options,
        )
        .toArray(),
    ]);
    return { candidates: candidatesOf(app, found), read: found.length, of };
  },
});

/** A list whose devices are read afresh, stretch by stretch. */
const listed = (
  context: AudienceContext,
  candidates: Candidate[],
  options: { unmatched?: number; oneStretch?: boolean } = {},
): AudienceSource => {
  const sorted = candidates.sort((left, right) => compareIds(left.id, right.id));
  return {
    unmatched: options.unmatched ?? 0,
    size: sorted.length,
    oneStretch: options.oneStretch ?? false,
    async next(after, limit) {
      const start = after == null ? 0 : sorted.findIndex(({ id }) => compareIds(id, after) > 0);
      if (start < 0) return [];
      const some = sorted.slice(start, start + limit);
      const unread = some.filter(({ raw, device }) => raw == null && device == null);
      const ids = unread.map(({ id }) => id);
      const devices = await readDevices(context, ids);
      return some.map((candidate) => {
        const device = devices.get(candidate.id.toHexString());
        return device == null ? candidate : { ...candidate, device };
      });
    },
  };
};

export const audienceContext = async (
  { parts, reads, priority, secrets }: JobContext,
  app: string,
): Promise<AudienceContext> => ({
  db: parts.db,
  reads,
  priority,
  app,
  secret: await secrets(app),
  vendors: parts.vendors,
});

const ofTokens = async (context: AudienceContext, items: TokenItem[]): Promise<AudienceSource> =>
  listed(context, await resolveTokens(context, items), { oneStretch: true });

const ofAccounts = async (
  context: AudienceContext,
  items: AccountItem[],
): Promise<AudienceSource> => {
  const { candidates, unmatched } = await resolveAccounts(context, items);
  return listed(context, candidates, { unmatched });
};

const expressionOf = (audience: QueriedAudience): Expression | undefined => {
  const included =
    'tags' in audience
      ? parseExpression(audience.tags, { tagsOnly: true })
      : 'where' in audience
        ? parseExpression(audience.where, { expanded: true })
        : undefined;
  if (audience.exclude?.where == null) return included;
  const others = {
    kind: 'not',
    of: parseExpression(audience.exclude.where, { expanded: true }),
  } as const;
  return included == null ? others : { kind: 'and', of: [included, others] };
};

const queryOf = async (
  { db, app }: AudienceContext,
  audience: QueriedAudience,
  now: Date,
): Promise<AudienceQuery> => {
  const expression = expressionOf(audience);
  if (expression == null) return allQuery(app);
  const counts = await countLeads(db.collection<Device>('devices'), app, expression);
  return expressionQuery(app, expression, { now, counts });
};

export interface AudienceOptions {
  /** What ages in expressions count back from; the same whenever the audience is opened. */
  readonly now: Date;
  /** Read of each device besides what planning needs. */
  readonly extraFields?: DeviceFields;
}

const ofQuery = async (
  context: AudienceContext,
  audience: QueriedAudience,
  { now, extraFields }: AudienceOptions,
): Promise<AudienceSource> => {
  const query = await queryOf(context, audience, now);
  const exclusion = audience.exclude && exclusionOf(context, audience.exclude);
  const { sample, salt = '' } = audience;
  const all = streamed(context, query, { ...extraFields, ...exclusion?.fields });
  if (exclusion == null && sample == null) return all;
  const order = orderBy(salt);
  return filtered(
    all,
    ({ id, device }) =>
      (sample == null || order(id) < sample / 100) &&
      (exclusion == null || device == null || !exclusion.leavesOut(device)),
  );
};

export const openAudience = async (
  context: AudienceContext,
  audience: Audience,
  options: AudienceOptions,
): Promise<AudienceSource> => {
  if ('tokens' in audience) return ofTokens(context, audience.tokens);
  if ('accounts' in audience) return ofAccounts(context, audience.accounts);
  if ('devices' in audience) {
    return listed(
      context,
      uniqueIds(audience.devices).map((id) => ({ id })),
    );
  }
  return ofQuery(context, audience, options);
};
