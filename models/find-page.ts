/** One page of documents, decoded by our own reader. */
import { mongo } from 'mongoose';
import { BsonReader, UnknownType } from './bson-reader.js';
import { isMongoTrouble } from './mongo-trouble.js';

export interface Page<Found extends mongo.Document> {
  readonly filter: mongo.Filter<Found>;
  readonly projection: mongo.Document;
  readonly sort?: Readonly<Record<string, 1 | -1>>;
  readonly hint?: mongo.Hint;
  /** Absent: all there are. */
  readonly limit?: number;
}

export interface PageOptions {
  /** Waited for before the documents are decoded, which is what takes the time. */
  readonly turn?: () => Promise<void>;
}

/** Of a page without a limit; more of them are left to the driver. */
const MOST = 10_000;

/** What the driver leaves undecoded of the reply to a find. */
interface RawReply {
  readonly cursor: Uint8Array;
}

interface FirstBatch<Found> {
  readonly firstBatch: Found[];
  /** 0 when there is no more. */
  readonly id: number;
}

/** It does not fit into one reply (16 MB). */
class TooLarge extends Error {}

const decoded = <Found>(cursor: Uint8Array): Found[] => {
  const bytes = Buffer.from(cursor.buffer, cursor.byteOffset, cursor.byteLength);
  const { firstBatch, id } = new BsonReader(bytes).document() as unknown as FirstBatch<Found>;
  if (id !== 0) throw new TooLarge();
  return firstBatch;
};

const findRaw = async <Found extends mongo.Document>(
  db: mongo.Db,
  name: string,
  page: Page<Found>,
  { turn }: PageOptions,
): Promise<mongo.WithId<Found>[]> => {
  const command = { find: name, ...page, batchSize: page.limit ?? MOST };
  const { cursor } = (await db.command(command, { raw: true })) as RawReply;
  await turn?.();
  return decoded(cursor);
};

/** A server that nobody finds is not looked for again. */
const mayBeAskedAgain = (error: unknown): boolean =>
  isMongoTrouble(error) && !(error instanceof mongo.MongoServerSelectionError);

/** What cannot be had so is left to the driver's own find, which knows what may be asked for again, and when. */
export const findPage = async <Found extends mongo.Document>(
  db: mongo.Db,
  name: string,
  page: Page<Found>,
  options: PageOptions = {},
): Promise<mongo.WithId<Found>[]> => {
  try {
    return await findRaw(db, name, page, options);
  } catch (error) {
    const isOurs = error instanceof UnknownType || error instanceof TooLarge;
    if (!isOurs && !mayBeAskedAgain(error)) throw error;
    const { filter, ...others } = page;
    return db.collection<Found>(name).find(filter, others).toArray();
  }
};
