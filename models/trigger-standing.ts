/**
 * What a triggered campaign remembers of an account: how the newest events stand, and when it was sent to. Whoever changes an entry
 * writes here first, in the same transaction, so that of two who do so at the same time one sees what the other did.
 */
import {
  type ClientSession,
  type Connection,
  type Model,
  type mongo,
  Schema,
  type Types,
} from 'mongoose';
import { EVENT_AGE_MS, MOST_CAP } from './trigger.js';

export interface TriggerStanding {
  /** `standingId`. */
  _id: Buffer;
  campaign: Types.ObjectId;
  /** `accountKey`. */
  account: Buffer;
  /** When the newest event happened that starts, and that cancels. */
  startedAt?: Date;
  cancelledAt?: Date;
  /** The last ones, oldest first. */
  sentAt?: Date[];
  /** Rises, because a write that changes nothing stands in nobody's way. */
  turn: number;
  /** Of an account that was never sent to: when no event can be older than those that are known. */
  forgetAt?: Date;
}

export const triggerStandingSchema = new Schema<TriggerStanding>(
  {
    _id: { type: Buffer, required: true },
    campaign: { type: Schema.Types.ObjectId, required: true },
    account: { type: Buffer, required: true },
    startedAt: Date,
    cancelledAt: Date,
    sentAt: { type: [Date], default: undefined },
    turn: { type: Number, required: true },
    forgetAt: Date,
  },
  { collection: 'trigger_standings', versionKey: false },
);
// For an erasure; the campaign is the beginning of the id.
triggerStandingSchema.index({ account: 1 });
triggerStandingSchema.index({ forgetAt: 1 }, { expireAfterSeconds: 0 });

export const triggerStandingModel = (connection: Connection): Model<TriggerStanding> =>
  connection.model<TriggerStanding>('TriggerStanding', triggerStandingSchema);

export const standings = (db: mongo.Db): mongo.Collection<TriggerStanding> =>
  db.collection<TriggerStanding>('trigger_standings');

export const standingId = (campaign: Types.ObjectId, account: Buffer): Buffer =>
  Buffer.concat([campaign.id, account]);

/** One that its transaction is about to change. */
export type Standing = Pick<TriggerStanding, '_id' | 'campaign' | 'account'>;

/** Nobody else can change them, or what depends on them, until the transaction is over. In an order that all share. */
export const takeStandings = async (
  db: mongo.Db,
  taken: readonly Standing[],
  session: ClientSession,
): Promise<TriggerStanding[]> => {
  if (taken.length === 0) return [];
  const ordered = taken.toSorted((left, right) => Buffer.compare(left._id, right._id));
  await standings(db).bulkWrite(
    ordered.map(({ _id, campaign, account }) => ({
      updateOne: {
        filter: { _id },
        update: { $inc: { turn: 1 }, $setOnInsert: { campaign, account } },
        upsert: true,
      },
    })),
    { session },
  );
  return standings(db)
    .find({ _id: { $in: ordered.map(({ _id }) => _id) } }, { session, promoteBuffers: true })
    .toArray();
};

/** When the newest events happened. */
export type Newest = Pick<TriggerStanding, 'startedAt' | 'cancelledAt'>;

/** Of one that was taken. */
export const newestSet = (
  { _id, sentAt }: Pick<TriggerStanding, '_id' | 'sentAt'>,
  newest: Newest,
  now: Date,
): mongo.AnyBulkWriteOperation<TriggerStanding> => ({
  updateOne: {
    filter: { _id },
    update: {
      $set: {
        ...newest,
        // A day more: clocks differ.
        ...(sentAt == null
          ? { forgetAt: new Date(now.getTime() + EVENT_AGE_MS + 86_400_000) }
          : {}),
      },
    },
  },
});

/** Of one that was taken. */
export const sentSet = (
  { _id }: Pick<TriggerStanding, '_id'>,
  now: Date,
): mongo.AnyBulkWriteOperation<TriggerStanding> => ({
  updateOne: {
    filter: { _id },
    update: {
      $push: { sentAt: { $each: [now], $slice: -MOST_CAP } },
      $unset: { forgetAt: '' },
    },
  },
});

const ACCOUNT_BYTES = 16;

/** Ids of some of a campaign. */
export const standingsOf = async (
  db: mongo.Db,
  campaign: Types.ObjectId,
  limit: number,
): Promise<Buffer[]> => {
  const found = await standings(db)
    .find(
      {
        _id: {
          $gte: standingId(campaign, Buffer.alloc(ACCOUNT_BYTES)),
          $lte: standingId(campaign, Buffer.alloc(ACCOUNT_BYTES, 0xff)),
        },
      },
      { projection: { _id: 1 }, limit, promoteBuffers: true },
    )
    .toArray();
  return found.map(({ _id }) => _id);
};
