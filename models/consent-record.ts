/** The history of consent: one record a change, never altered. */
import { type Connection, type Model, type mongo, Schema, Types } from 'mongoose';
import type { Consent, Device } from './device.js';

export const CONSENT_CAUSES = [
  'registration',
  'import',
  'consent',
  'account-changed',
  'unsubscribe',
] as const;

export interface ConsentRecord {
  _id: Types.ObjectId;
  app: string;
  device: Types.ObjectId;
  /** What held from `at` on. */
  consent: Consent;
  /** What changed it. */
  cause: (typeof CONSENT_CAUSES)[number];
  /** Id of the key that was used. */
  by: string;
  at: Date;
}

export const consentRecordSchema = new Schema<ConsentRecord>(
  {
    app: { type: String, required: true },
    device: { type: Schema.Types.ObjectId, required: true },
    consent: { type: Schema.Types.Mixed, required: true },
    cause: {
      type: String,
      enum: CONSENT_CAUSES,
      required: true,
    },
    by: { type: String, required: true },
    at: { type: Date, required: true },
  },
  { collection: 'consent_records', versionKey: false, minimize: false },
);
consentRecordSchema.index({ device: 1, at: 1 });
// `_id` last, so that an export streams in this order without sorting.
consentRecordSchema.index({ app: 1, at: 1, _id: 1 });

export const consentRecordModel = (connection: Connection): Model<ConsentRecord> =>
  connection.model<ConsentRecord>('ConsentRecord', consentRecordSchema);

/** The history is only added to: nobody is given more of the collection than that. */
export const consentRecordsIn = (
  db: mongo.Db,
): Pick<mongo.Collection<ConsentRecord>, 'find' | 'insertOne' | 'insertMany'> =>
  db.collection<ConsentRecord>('consent_records');

/** A record of the device's consent as it is now. */
export const recordOfConsent = (
  device: Device,
  cause: ConsentRecord['cause'],
  { by, now }: { by: string; now: Date },
): ConsentRecord => ({
  _id: new Types.ObjectId(),
  app: device.app,
  device: device._id,
  consent: device.consent,
  cause,
  by,
  at: now,
});

/** Where a page of the history ended. */
export interface HistoryPlace {
  readonly at: Date;
  readonly id: Types.ObjectId;
}

/** Records that are read of the database at once. */
const PIECE_RECORDS = 500;

interface Stretch {
  /** Behind this place. */
  readonly after?: HistoryPlace;
  /** Absent: all. */
  readonly limit?: number;
}

const behind = (after: HistoryPlace, way: '$lt' | '$gt'): mongo.Filter<ConsentRecord> => ({
  $or: [{ at: { [way]: after.at } }, { at: after.at, _id: { [way]: after.id } }],
});

const inPieces = (limit: number | undefined): mongo.FindOptions => ({
  batchSize: PIECE_RECORDS,
  ...(limit == null ? {} : { limit }),
});

/** The history of a device's consent, newest first; also of a device that is gone. */
export const consentHistory = (
  db: mongo.Db,
  { app, device }: { readonly app: string; readonly device: Types.ObjectId },
  { after, limit }: Stretch,
): AsyncIterable<ConsentRecord> =>
  consentRecordsIn(db).find(
    { app, device, ...(after == null ? {} : behind(after, '$lt')) },
    { sort: { at: -1, _id: -1 }, ...inPieces(limit) },
  );

/** The history of all devices of an app, oldest first, from an instant on and before another. */
export const consentRecordsOf = (
  db: mongo.Db,
  { app, from, to }: { readonly app: string; readonly from?: Date; readonly to?: Date },
  { after, limit }: Stretch,
): AsyncIterable<ConsentRecord> => {
  const since = after?.at ?? from;
  const at = { ...(since == null ? {} : { $gte: since }), ...(to == null ? {} : { $lt: to }) };
  return consentRecordsIn(db).find(
    {
      app,
      ...(since == null && to == null ? {} : { at }),
      ...(after == null ? {} : behind(after, '$gt')),
    },
    { sort: { at: 1, _id: 1 }, ...inPieces(limit) },
  );
};
