/** Templates of messages: each change makes a new version, and a version never changes. */
import { isDeepStrictEqual } from 'node:util';
import { type Connection, type Model, type mongo, Schema, Types } from 'mongoose';
import { dbOf } from './database.js';
import type { TaskMessage, TaskTemplate } from './task.js';
import { inTransaction } from './transaction.js';

/** What a caller writes; everything that a task takes from it. */
export interface TemplateContent
  extends Pick<TaskTemplate, 'locale' | 'timeZone' | 'defaults'>,
    Record<string, unknown> {
  message: TaskMessage;
}

export interface TemplateVersion {
  _id: Types.ObjectId;
  app: string;
  name: string;
  version: number;
  content: TemplateContent;
  createdBy: string;
  createdAt: Date;
}

/** Outlives the versions, so that no number is given twice. */
interface TemplateHead {
  _id: { app: string; name: string };
  version: number;
}

export const templateSchema = new Schema<TemplateVersion>(
  {
    app: { type: String, required: true },
    name: { type: String, required: true },
    version: { type: Number, required: true },
    content: { type: Schema.Types.Mixed, required: true },
    createdBy: { type: String, required: true },
    createdAt: { type: Date, required: true },
  },
  { collection: 'templates', versionKey: false, minimize: false },
);
templateSchema.index({ app: 1, name: 1, version: -1 }, { unique: true });

export const templateModel = (connection: Connection): Model<TemplateVersion> =>
  connection.model<TemplateVersion>('Template', templateSchema);

const templatesIn = (db: mongo.Db) => db.collection<TemplateVersion>('templates');
const headsIn = (db: mongo.Db) => db.collection<TemplateHead>('template_heads');

const NEWEST = { version: -1 } as const;

/** The newest version unless one is named. */
export const findTemplate = (
  db: mongo.Db,
  app: string,
  { name, version }: { readonly name: string; readonly version?: number },
  options: { session?: mongo.ClientSession } = {},
): Promise<TemplateVersion | null> =>
  templatesIn(db).findOne(
    { app, name, ...(version == null ? {} : { version }) },
    { ...options, sort: NEWEST },
  );

/** Below `before`, newest first. */
export const templateVersions = (
  db: mongo.Db,
  app: string,
  name: string,
  { before, limit }: { readonly before?: number; readonly limit: number },
): Promise<TemplateVersion[]> =>
  templatesIn(db)
    .find({ app, name, ...(before == null ? {} : { version: { $lt: before } }) })
    .sort(NEWEST)
    .limit(limit)
    .toArray();

/** The newest version of each template behind `after`, by name. */
export const listTemplates = (
  db: mongo.Db,
  app: string,
  { after, limit }: { readonly after?: string; readonly limit: number },
): Promise<TemplateVersion[]> =>
  templatesIn(db)
    .aggregate<{ newest: TemplateVersion }>([
      { $match: { app, ...(after == null ? {} : { name: { $gt: after } }) } },
      { $sort: { name: 1, version: -1 } },
      { $group: { _id: '$name', newest: { $first: '$$ROOT' } } },
      { $sort: { _id: 1 } },
      { $limit: limit },
    ])
    .map(({ newest }) => newest)
    .toArray();

/** The same content as the newest version is no new one: a request that is repeated does no harm. */
export const saveTemplate = (
  connection: Connection,
  made: Omit<TemplateVersion, '_id' | 'version'>,
): Promise<{ template: TemplateVersion; isNew: boolean }> =>
  inTransaction(connection, async (session) => {
    const db = dbOf(connection);
    const { app, name } = made;
    const newest = await findTemplate(db, app, { name }, { session });
    if (newest != null && isDeepStrictEqual(newest.content, made.content)) {
      return { template: newest, isNew: false };
    }
    const head = await headsIn(db).findOneAndUpdate(
      { _id: { app, name } },
      { $inc: { version: 1 } },
      { upsert: true, returnDocument: 'after', session },
    );
    const template = { _id: new Types.ObjectId(), ...made, version: head?.version ?? 1 };
    await templatesIn(db).insertOne(template, { session });
    return { template, isNew: true };
  });

/** False when there is none. Tasks keep what they took of it. */
export const deleteTemplate = async (db: mongo.Db, app: string, name: string): Promise<boolean> => {
  const { deletedCount } = await templatesIn(db).deleteMany({ app, name });
  return deletedCount > 0;
};
