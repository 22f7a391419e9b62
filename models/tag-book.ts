/**
 * Which tags an app has, so that there is an end to it. A tag is admitted before a device gets it. What is kept are keyed
 * hashes: a tag that no device has any more leaves no word here.
 */
import { LRUCache } from 'lru-cache';
import { type Connection, type Model, mongo, Schema } from 'mongoose';
import { dbOf } from './database.js';
import { isDuplicateKey } from './duplicate-key.js';
import { type Limits, TAGS_PER_APP } from './limits.js';
import { keyText } from './suppression-list.js';
import { tagsInUse } from './tags-in-use.js';
import { tagKey } from './token-key.js';
import { inTransaction } from './transaction.js';

/** One of an app. */
interface TagBook {
  _id: string;
  /** Rises with each change, so that no two happen at once. */
  turn: number;
  /** When it was last held against the devices. */
  countedAt?: Date;
}

interface TagEntry {
  /** `tagKey`. */
  _id: mongo.Binary;
  app: string;
  /** When it was last admitted. */
  usedAt: Date;
}

export const tagEntrySchema = new Schema<TagEntry>(
  {
    _id: { type: Buffer, required: true },
    app: { type: String, required: true },
    usedAt: { type: Date, required: true },
  },
  { collection: 'tag_entries', versionKey: false },
);
tagEntrySchema.index({ app: 1, usedAt: 1 });

export const tagEntryModel = (connection: Connection): Model<TagEntry> =>
  connection.model<TagEntry>('TagEntry', tagEntrySchema);

const booksIn = (db: mongo.Db) => db.collection<TagBook>('tag_books');
const entriesIn = (db: mongo.Db) => db.collection<TagEntry>('tag_entries');

/** A process asks no more about a tag for so long. */
const KNOWN_MS = 60_000;
const MOST_KNOWN = 50_000;
/** What was admitted lately may be on its way to a device. Longer than anybody believes that a tag is known. */
const GRACE_MS = 10 * KNOWN_MS;
/** Thousands of steps in the index: not for every request that is refused. */
const COUNT_EVERY_MS = 10_000;

const knownBy = new WeakMap<Connection, LRUCache<string, true>>();

const knownTags = (connection: Connection): LRUCache<string, true> => {
  const known =
    knownBy.get(connection) ?? new LRUCache<string, true>({ max: MOST_KNOWN, ttl: KNOWN_MS });
  knownBy.set(connection, known);
  return known;
};

export interface TagContext extends Limits {
  readonly connection: Connection;
  readonly app: string;
  readonly hashSecret: Buffer;
  readonly now: Date;
}

/** Alone in the book of the app until the transaction ends. */
const takeTurn = async (
  db: mongo.Db,
  app: string,
  session: mongo.ClientSession,
  set: Partial<TagBook> = {},
): Promise<TagBook | null> =>
  booksIn(db).findOneAndUpdate(
    { _id: app },
    { $inc: { turn: 1 }, ...(Object.keys(set).length === 0 ? {} : { $set: set }) },
    { session },
  );

const missingOf = async (
  db: mongo.Db,
  keys: readonly mongo.Binary[],
  session: mongo.ClientSession,
): Promise<mongo.Binary[]> => {
  const found = await entriesIn(db)
    .find({ _id: { $in: [...keys] } }, { session, projection: { _id: 1 } })
    .toArray();
  const known = new Set(found.map(({ _id }) => keyText(_id.buffer)));
  return keys.filter((key) => !known.has(keyText(key.buffer)));
};

const entered = (app: string, usedAt: Date) => (_id: mongo.Binary) => ({ _id, app, usedAt });

/** Holds the book against the devices: what nobody has is free, what somebody has is in it. */
const recount = async ({ connection, app, hashSecret, now }: TagContext): Promise<void> => {
  const db = dbOf(connection);
  const used: mongo.Binary[] = [];
  for await (const tag of tagsInUse(db, app)) used.push(new mongo.Binary(tagKey(hashSecret, tag)));
  const unused = { app, usedAt: { $lt: new Date(now.getTime() - GRACE_MS) }, _id: { $nin: used } };
  await inTransaction(connection, async (session) => {
    await takeTurn(db, app, session, { countedAt: now });
    await entriesIn(db).deleteMany(unused, { session });
    const missing = await missingOf(db, used, session);
    const entries = missing.map(entered(app, now));
    if (entries.length > 0) await entriesIn(db).insertMany(entries, { session });
  });
};

/**
 * Of those who find a full book at the same time one counts; the others are answered with what they know. Who dies while it
 * counts has kept the next one waiting, and nothing else.
 */
const takeRecount = async (
  { connection, app, now }: TagContext,
  lastAt: Date | undefined,
): Promise<boolean> => {
  const { modifiedCount } = await booksIn(dbOf(connection)).updateOne(
    { _id: app, countedAt: lastAt ?? { $exists: false } },
    { $set: { countedAt: now } },
  );
  return modifiedCount === 1;
};

/** A book is open when it has the tags that devices have already: whoever finds it uncounted counts. */
const openBook = async (context: TagContext): Promise<void> => {
  const books = booksIn(dbOf(context.connection));
  const book = await books.findOne({ _id: context.app });
  if (book?.countedAt != null) return;
  try {
    if (book == null) await books.insertOne({ _id: context.app, turn: 0 });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
  await recount(context);
};

interface Entering {
  /** For which there is no room. */
  readonly left: readonly mongo.Binary[];
  readonly countedAt: Date | undefined;
}

const enter = (
  { connection, app, now, tagsPerApp: limit = TAGS_PER_APP }: TagContext,
  keys: readonly mongo.Binary[],
): Promise<Entering> =>
  inTransaction(connection, async (session) => {
    const db = dbOf(connection);
    const book = await takeTurn(db, app, session);
    const missing = await missingOf(db, keys, session);
    const held =
      missing.length === 0 ? 0 : await entriesIn(db).countDocuments({ app }, { session });
    const room = Math.max(0, limit - held);
    const entries = missing.slice(0, room).map(entered(app, now));
    if (entries.length > 0) await entriesIn(db).insertMany(entries, { session });
    return { left: missing.slice(room), countedAt: book?.countedAt };
  });

/** Keys for which there is no room. */
const admit = async (
  context: TagContext,
  keys: readonly mongo.Binary[],
): Promise<readonly mongo.Binary[]> => {
  const { connection, now } = context;
  const db = dbOf(connection);
  // Before looking: what is touched here is not taken out of the book meanwhile.
  await entriesIn(db).updateMany({ _id: { $in: [...keys] } }, { $max: { usedAt: now } });
  const known = await entriesIn(db).countDocuments({ _id: { $in: [...keys] } });
  if (known === keys.length) return [];
  await openBook(context);
  const { left, countedAt } = await enter(context, keys);
  const isCounted = countedAt != null && now.getTime() - countedAt.getTime() < COUNT_EVERY_MS;
  if (left.length === 0 || isCounted || !(await takeRecount(context, countedAt))) return left;
  await recount(context);
  return (await enter(context, left)).left;
};

/** Those of the tags that no device may get, because the app has as many others as it may have. Call it before writing. */
export const refusedTags = async (
  context: TagContext,
  tags: Iterable<string>,
): Promise<ReadonlySet<string>> => {
  const { connection, app, hashSecret } = context;
  const known = knownTags(connection);
  const asked = [...new Set(tags)].filter((tag) => !known.has(`${app}/${tag}`));
  if (asked.length === 0) return new Set();
  const keys = asked.map((tag) => new mongo.Binary(tagKey(hashSecret, tag)));
  const left = new Set((await admit(context, keys)).map(({ buffer }) => keyText(buffer)));
  const refused = new Set(asked.filter((_, index) => left.has(keyText(keys[index]!.buffer))));
  for (const tag of asked) if (!refused.has(tag)) known.set(`${app}/${tag}`, true);
  return refused;
};

/** A tag that was taken from all devices makes room at once. */
export const dropTag = async (
  { connection, app, hashSecret }: Omit<TagContext, 'now'>,
  tag: string,
): Promise<void> => {
  const db = dbOf(connection);
  knownTags(connection).delete(`${app}/${tag}`);
  await inTransaction(connection, async (session) => {
    await takeTurn(db, app, session);
    const _id = new mongo.Binary(tagKey(hashSecret, tag));
    await entriesIn(db).deleteOne({ _id }, { session });
  });
};
