/** Purposes of an app: what people are asked to agree to, in words, by versions that never change. */
import { isDeepStrictEqual } from 'node:util';
import { type Connection, type Model, type mongo, Schema, Types } from 'mongoose';
import { dbOf } from './database.js';
import { inTransaction } from './transaction.js';

export const MAX_PURPOSES = 50;
export const MAX_PURPOSE_VERSIONS = 100;

export interface PurposeText {
  title: string;
  text: string;
}

/** What a caller writes of a version. */
export interface PurposeContent extends PurposeText {
  version: string;
  /** Grants for older versions count no more. */
  reconsent: boolean;
  /** By BCP 47 locale. */
  localized?: Record<string, Partial<PurposeText>>;
}

/** A version, as it was asked for; written once. */
export interface PurposeVersion extends PurposeContent {
  _id: Types.ObjectId;
  app: string;
  purpose: string;
  createdBy: string;
  createdAt: Date;
}

/** What decides about grants. */
export interface Purpose {
  name: string;
  /** The oldest first. */
  versions: Pick<PurposeVersion, '_id' | 'version' | 'reconsent'>[];
  /** No task may name it any more. */
  retiredAt?: Date;
}

/** All of an app, small enough to be read at once. */
export interface AppPurposes {
  /** The app. */
  _id: string;
  purposes: Purpose[];
}

export interface ShownPurpose extends Purpose {
  newest: PurposeVersion;
}

export const purposeVersionSchema = new Schema<PurposeVersion>(
  {
    app: { type: String, required: true },
    purpose: { type: String, required: true },
    version: { type: String, required: true },
    reconsent: { type: Boolean, required: true },
    title: { type: String, required: true },
    text: { type: String, required: true },
    localized: { type: Schema.Types.Mixed },
    createdBy: { type: String, required: true },
    createdAt: { type: Date, required: true },
  },
  { collection: 'purpose_versions', versionKey: false },
);
purposeVersionSchema.index({ app: 1, purpose: 1, version: 1 }, { unique: true });

export const purposeVersionModel = (connection: Connection): Model<PurposeVersion> =>
  connection.model<PurposeVersion>('PurposeVersion', purposeVersionSchema);

const versionsIn = (db: mongo.Db) => db.collection<PurposeVersion>('purpose_versions');
const purposesIn = (db: mongo.Db) => db.collection<AppPurposes>('purposes');

/** The version has other words, or is not the newest any more. */
export class PurposeVersionExists extends Error {
  override readonly name = 'PurposeVersionExists';
}

export class TooManyPurposes extends Error {
  override readonly name = 'TooManyPurposes';
}

/**
 * The versions that a grant counts for: from the last one on that asked anew. Undefined while none has: then every grant
 * counts, also one that was given before there were versions.
 */
export const currentVersions = ({
  versions,
}: Pick<Purpose, 'versions'>): ReadonlySet<string> | undefined => {
  const from = versions.findLastIndex(({ reconsent }) => reconsent);
  return from < 0 ? undefined : new Set(versions.slice(from).map(({ version }) => version));
};

export const purposesOf = async (
  db: mongo.Db,
  app: string,
  session?: mongo.ClientSession,
): Promise<Purpose[]> =>
  (await purposesIn(db).findOne({ _id: app }, session ? { session } : {}))?.purposes ?? [];

const withNewest = async (db: mongo.Db, purposes: readonly Purpose[]): Promise<ShownPurpose[]> => {
  const ids = purposes.flatMap(({ versions }) => versions.at(-1)?._id ?? []);
  const found = await versionsIn(db)
    .find({ _id: { $in: ids } })
    .toArray();
  const byName = new Map(found.map((version) => [version.purpose, version]));
  return purposes.flatMap((purpose) => {
    const newest = byName.get(purpose.name);
    return newest == null ? [] : [{ ...purpose, newest }];
  });
};

/** By name, with the words of the newest version. */
export const listPurposes = async (db: mongo.Db, app: string): Promise<ShownPurpose[]> =>
  withNewest(db, await purposesOf(db, app));

export const findPurpose = async (
  db: mongo.Db,
  app: string,
  name: string,
): Promise<ShownPurpose | undefined> => {
  const named = (await purposesOf(db, app)).filter((purpose) => purpose.name === name);
  return (await withNewest(db, named))[0];
};

/** The oldest first. */
export const purposeVersions = async (
  db: mongo.Db,
  app: string,
  name: string,
): Promise<PurposeVersion[]> =>
  versionsIn(db).find({ app, purpose: name }).sort({ _id: 1 }).toArray();

const contentOf = ({ version, reconsent, title, text, localized }: PurposeContent) => ({
  ...{ version, reconsent, title, text },
  ...(localized == null ? {} : { localized }),
});

/** True when the very same is the newest version: a request that is repeated does no harm. Throws PurposeVersionExists. */
const isRepeated = async (
  db: mongo.Db,
  known: Purpose | undefined,
  content: PurposeContent,
  session: mongo.ClientSession,
): Promise<boolean> => {
  const same = known?.versions.find(({ version }) => version === content.version);
  if (same == null) return false;
  const stored = await versionsIn(db).findOne({ _id: same._id }, { session });
  const isSame = stored != null && isDeepStrictEqual(contentOf(stored), contentOf(content));
  if (!isSame || same !== known?.versions.at(-1)) throw new PurposeVersionExists();
  return true;
};

/** A version that is new, or the newest one again, which brings a retired purpose back. */
export const savePurpose = (
  connection: Connection,
  { app, name, by, now }: { app: string; name: string; by: string; now: Date },
  content: PurposeContent,
): Promise<ShownPurpose> =>
  inTransaction(connection, async (session) => {
    const db = dbOf(connection);
    const all = await purposesOf(db, app, session);
    const known = all.find((purpose) => purpose.name === name);
    if (known == null && all.length >= MAX_PURPOSES) throw new TooManyPurposes();
    const versions = [...(known?.versions ?? [])];
    if (!(await isRepeated(db, known, content, session))) {
      if (versions.length >= MAX_PURPOSE_VERSIONS) throw new TooManyPurposes();
      const made = {
        _id: new Types.ObjectId(),
        app,
        purpose: name,
        ...contentOf(content),
        createdBy: by,
        createdAt: now,
      };
      await versionsIn(db).insertOne(made, { session });
      versions.push({ _id: made._id, version: made.version, reconsent: made.reconsent });
    }
    const purposes = [...all.filter((purpose) => purpose.name !== name), { name, versions }].sort(
      (left, right) => (left.name < right.name ? -1 : 1),
    );
    await purposesIn(db).replaceOne({ _id: app }, { purposes }, { session, upsert: true });
    const newest = await versionsIn(db).findOne({ _id: versions.at(-1)!._id }, { session });
    return { name, versions, newest: newest! };
  });

/** False when there is none. Its versions stay: the history of consent names them. */
export const retirePurpose = async (
  db: mongo.Db,
  app: string,
  name: string,
  now: Date,
): Promise<boolean> => {
  const { matchedCount } = await purposesIn(db).updateOne(
    { _id: app, purposes: { $elemMatch: { name, retiredAt: { $exists: false } } } },
    { $set: { 'purposes.$.retiredAt': now } },
  );
  return matchedCount > 0;
};
