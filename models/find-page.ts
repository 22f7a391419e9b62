/** One page of documents, decoded by our own reader. */
import { mongo } from 'mongoose';
import { BsonReader, UnknownType } from './bson-reader.js';

export interface Page<Found extends mongo.Document> {
  readonly filter: mongo.Filter<Found>;
  readonly projection: mongo.Document;
  readonly sort?: Readonly<Record<string, 1 | -1>>;
  readonly hint?: mongo.Hint;
  /** All must fit into one reply of 16 MB. */
  readonly limit: number;
}

/** What the driver leaves undecoded of the reply to a find. */
interface RawReply {
  readonly cursor?: Uint8Array;
}

const decoded = <Found>(cursor: Uint8Array): Found[] => {
  const bytes = Buffer.from(cursor.buffer, cursor.byteOffset, cursor.byteLength);
  const { firstBatch } = new BsonReader(bytes).document();
  return firstBatch as Found[];
};

const findRaw = async <Found extends mongo.Document>(
  collection: mongo.Collection<Found>,
  { filter, limit, ...others }: Page<Found>,
  db: mongo.Db,
): Promise<mongo.WithId<Found>[] | null> => {
  const command = { find: collection.collectionName, filter, limit, ...others };
  try {
    const { cursor }: RawReply = await db.command(
      { ...command, batchSize: limit, singleBatch: true },
      { raw: true },
    );
    return cursor == null ? null : decoded(cursor);
  } catch (error) {
    if (error instanceof mongo.MongoError || error instanceof UnknownType) return null;
    throw error;
  }
};

/** What cannot be had so is left to the driver's own find, which knows what may be asked for again, and when. */
export const findPage = async <Found extends mongo.Document>(
  db: mongo.Db,
  name: string,
  page: Page<Found>,
): Promise<mongo.WithId<Found>[]> => {
  const collection = db.collection<Found>(name);
  const { filter, projection, sort, hint, limit } = page;
  return (
    (await findRaw(collection, page, db)) ??
    collection
      .find(filter, {
        projection,
        limit,
        ...(sort == null ? {} : { sort }),
        ...(hint == null ? {} : { hint }),
      })
      .toArray()
  );
};
