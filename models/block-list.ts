/** Keeps pushes from tokens and accounts, for a purpose and a time, on the suppression list. Through the driver. */
import type { mongo } from 'mongoose';
import {
  ALL_PURPOSES,
  type Block,
  placeOf,
  type Suppression,
  UNSUBSCRIBED,
} from './suppression.js';
import { suppressionsOf } from './suppression-list.js';

export interface BlockEntry extends Block {
  readonly key: Buffer;
  readonly kind: 'token' | 'account';
  /** Absent: all. */
  readonly purpose?: string;
}

const fieldOf = (reason: string, purpose?: string): string => `blocks.${placeOf(reason, purpose)}`;

/** An entry of the same key and purpose is replaced, but for what the person declined, or others put there. */
export const block = async (
  db: mongo.Db,
  app: string,
  entries: readonly BlockEntry[],
  session?: mongo.ClientSession,
): Promise<void> => {
  await suppressionsOf(db).bulkWrite(
    entries.map(({ key, kind, purpose, ...stated }) => ({
      updateOne: {
        filter: { _id: key },
        update: { $set: { app, kind, [fieldOf(stated.reason, purpose)]: stated } },
        upsert: true,
      },
    })),
    // In their order: of two of the same key, the later one holds.
    { ordered: true, ...(session == null ? {} : { session }) },
  );
};

const forgetEmpty = async (
  db: mongo.Db,
  filter: mongo.Filter<Suppression>,
  session?: mongo.ClientSession,
): Promise<void> => {
  await suppressionsOf(db).deleteMany(
    { ...filter, reason: { $exists: false }, blocks: {} },
    session == null ? {} : { session },
  );
};

/** False when there is none. What was erased stays on the list, and so does what the person declined: that is theirs to grant again. */
export const unblock = async (
  db: mongo.Db,
  app: string,
  { key, purpose }: Pick<BlockEntry, 'key' | 'purpose'>,
): Promise<boolean> => {
  const field = `blocks.${purpose ?? ALL_PURPOSES}`;
  const { modifiedCount } = await suppressionsOf(db).updateOne(
    { _id: key, app, [field]: { $exists: true } },
    { $unset: { [field]: 1 } },
  );
  await forgetEmpty(db, { _id: key });
  return modifiedCount > 0;
};

/** Entries of an app in the order of their keys. */
export const suppressionPage = (
  db: mongo.Db,
  app: string,
  { after, limit }: { readonly after?: Buffer; readonly limit: number },
): Promise<Suppression[]> =>
  suppressionsOf(db)
    .find(
      { app, ...(after == null ? {} : { _id: { $gt: after } }) },
      { promoteBuffers: true, sort: { _id: 1 }, limit },
    )
    .toArray();

export const suppressionOfKey = (
  db: mongo.Db,
  app: string,
  key: Buffer,
): Promise<Suppression | null> =>
  suppressionsOf(db).findOne({ _id: key, app }, { promoteBuffers: true });

/** What a person has granted, and when; ALL_PURPOSES is the grant of `push`. */
export interface FreshGrants {
  readonly key: Buffer;
  readonly purposes: readonly string[];
  readonly at: Date;
}

/** Who declined by a link and grants again later is not kept from it any more, on whatever device. */
export const liftUnsubscribed = async (
  db: mongo.Db,
  grants: readonly FreshGrants[],
  session: mongo.ClientSession,
): Promise<void> => {
  const granted = grants.filter(({ purposes }) => purposes.length > 0);
  if (granted.length === 0) return;
  const keys = { _id: { $in: granted.map(({ key }) => key) } };
  const list = suppressionsOf(db);
  const options = { session, projection: { _id: 1 } };
  if ((await list.findOne({ ...keys, blocks: { $exists: true } }, options)) == null) return;
  await list.bulkWrite(
    granted.flatMap(({ key, purposes, at }) =>
      purposes.map((purpose) => {
        const field = fieldOf(UNSUBSCRIBED, purpose);
        return {
          updateOne: {
            filter: { _id: key, [`${field}.at`]: { $lte: at } },
            update: { $unset: { [field]: 1 as const } },
          },
        };
      }),
    ),
    { session },
  );
  await forgetEmpty(db, keys, session);
};

/** Forgets blocks that ended before this instant; they count no more from their end on. */
export const forgetEnded = async (db: mongo.Db, before: Date): Promise<void> => {
  const hasEnded = { $lt: [{ $ifNull: ['$$one.v.until', before] }, before] };
  const blocks = { $objectToArray: '$blocks' };
  const ended = { $filter: { input: blocks, as: 'one', cond: hasEnded } };
  const left = { $filter: { input: blocks, as: 'one', cond: { $not: [hasEnded] } } };
  await suppressionsOf(db).updateMany(
    { blocks: { $exists: true }, $expr: { $gt: [{ $size: ended }, 0] } },
    [{ $set: { blocks: { $arrayToObject: left } } }],
  );
  await forgetEmpty(db, {});
};
