/** Saves, finds and changes campaigns. What is decided about their runs is in jobs/campaigns/. */
import { isDeepStrictEqual } from 'node:util';
import { type ClientSession, type Connection, type mongo, Types } from 'mongoose';
import {
  type Campaign,
  type CampaignContent,
  type CampaignState,
  type CampaignVersion,
  TRIGGERED_INDEX,
} from './campaign.js';
import { dbOf } from './database.js';
import { inTransaction } from './transaction.js';

export const campaigns = (db: mongo.Db): mongo.Collection<Campaign> =>
  db.collection<Campaign>('campaigns');

const versions = (db: mongo.Db): mongo.Collection<CampaignVersion> =>
  db.collection<CampaignVersion>('campaign_versions');

export const findCampaign = (
  db: mongo.Db,
  app: string,
  _id: Types.ObjectId,
): Promise<Campaign | null> => campaigns(db).findOne({ _id, app });

export const findCampaignVersion = (
  db: mongo.Db,
  campaign: Types.ObjectId,
  version: number,
): Promise<CampaignVersion | null> => versions(db).findOne({ campaign, version });

/** One that there must be. */
export const versionOf = async (
  db: mongo.Db,
  campaign: Types.ObjectId,
  version: number,
): Promise<CampaignVersion> => {
  const found = await findCampaignVersion(db, campaign, version);
  if (found == null) throw new Error('A version of a campaign is missing');
  return found;
};

export interface Written {
  readonly by: string;
  readonly at: Date;
}

const insertVersion = async (
  db: mongo.Db,
  { _id: campaign, app, version }: Pick<Campaign, '_id' | 'app' | 'version'>,
  content: CampaignContent,
  { by: createdBy, at: createdAt, session }: Written & { readonly session: ClientSession },
): Promise<void> => {
  await versions(db).insertOne(
    { _id: new Types.ObjectId(), app, campaign, version, content, createdBy, createdAt },
    { session },
  );
};

export const createCampaign = async (
  connection: Connection,
  { app, name, content }: { app: string; name: string; content: CampaignContent },
  { by, at, session }: Written & { readonly session?: ClientSession },
): Promise<Campaign> => {
  const campaign: Campaign = {
    _id: new Types.ObjectId(),
    ...{ app, name, state: 'draft', version: 1, refusals: 0 },
    ...{ createdBy: by, createdAt: at, updatedAt: at },
  };
  const write = async (own: ClientSession): Promise<void> => {
    const db = dbOf(connection);
    await campaigns(db).insertOne(campaign, { session: own });
    await insertVersion(db, campaign, content, { by, at, session: own });
  };
  if (session == null) await inTransaction(connection, write);
  else await write(session);
  return campaign;
};

export interface CampaignChange {
  readonly name?: string;
  readonly content?: CampaignContent;
}

/**
 * What is not as it was makes a new version, which is nothing to the runs before it is approved. Null when somebody has changed or
 * ended the campaign meanwhile.
 */
export const changeCampaign = (
  connection: Connection,
  { _id, version }: Pick<Campaign, '_id' | 'version'>,
  { name, content }: CampaignChange,
  { by, at }: Written,
): Promise<Campaign | null> =>
  inTransaction(connection, async (session) => {
    const db = dbOf(connection);
    const before = await versions(db).findOne({ campaign: _id, version }, { session });
    const isNew = content != null && !isDeepStrictEqual(before?.content, content);
    const changed = await campaigns(db).findOneAndUpdate(
      { _id, version, state: { $ne: 'ended' } },
      {
        $set: { updatedAt: at, ...(name == null ? {} : { name }) },
        ...(isNew ? { $inc: { version: 1 } } : {}),
      },
      { session, returnDocument: 'after' },
    );
    if (changed != null && isNew) await insertVersion(db, changed, content, { by, at, session });
    return changed;
  });

/** Only one that was never approved; false when it is none. */
export const deleteDraft = (connection: Connection, _id: Types.ObjectId): Promise<boolean> =>
  inTransaction(connection, async (session) => {
    const db = dbOf(connection);
    const { deletedCount } = await campaigns(db).deleteOne({ _id, state: 'draft' }, { session });
    if (deletedCount === 1) await versions(db).deleteMany({ campaign: _id }, { session });
    return deletedCount === 1;
  });

export interface CampaignFilter {
  readonly state?: CampaignState;
  readonly after?: { readonly createdAt: Date; readonly id: Types.ObjectId };
  readonly limit: number;
}

/** Newest first. */
export const listCampaigns = (
  db: mongo.Db,
  app: string,
  { state, after, limit }: CampaignFilter,
): Promise<Campaign[]> => {
  const behind: mongo.Filter<Campaign> =
    after == null
      ? {}
      : {
          $or: [
            { createdAt: { $lt: after.createdAt } },
            { createdAt: after.createdAt, _id: { $lt: after.id } },
          ],
        };
  return campaigns(db)
    .find({ app, ...(state == null ? {} : { state }), ...behind })
    .sort({ createdAt: -1, _id: -1 })
    .limit(limit)
    .toArray();
};

/** That events start. */
export type TriggeredCampaign = Campaign & Required<Pick<Campaign, 'trigger'>>;

/** What events of the app may start or cancel. */
export const triggeredOf = (db: mongo.Db, app: string): Promise<TriggeredCampaign[]> =>
  campaigns(db)
    .find<TriggeredCampaign>(
      { app, trigger: { $exists: true }, state: { $ne: 'ended' } },
      { hint: TRIGGERED_INDEX },
    )
    .toArray();

/** Of all apps: those that send, and those that have ended and left something behind. */
export const triggeredCampaigns = (db: mongo.Db): mongo.FindCursor<TriggeredCampaign> =>
  campaigns(db).find<TriggeredCampaign>(
    { trigger: { $exists: true }, state: { $ne: 'paused' } },
    { hint: TRIGGERED_INDEX },
  );

/** Whose time has come, the longest waiting first. */
export const dueCampaigns = (db: mongo.Db, now: Date): mongo.FindCursor<Campaign> =>
  campaigns(db)
    .find({ nextAt: { $lte: now } })
    .sort({ nextAt: 1 });
