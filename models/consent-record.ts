/** The history of consent: one record a change, never altered. */
import { type Connection, type Model, Schema, Types } from 'mongoose';
import type { Consent, Device } from './device.js';

export interface ConsentRecord {
  _id: Types.ObjectId;
  app: string;
  device: Types.ObjectId;
  /** What held from `at` on. */
  consent: Consent;
  /** What changed it. */
  cause: 'registration' | 'import' | 'consent' | 'account-changed';
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
      enum: ['registration', 'import', 'consent', 'account-changed'],
      required: true,
    },
    by: { type: String, required: true },
    at: { type: Date, required: true },
  },
  { collection: 'consent_records', versionKey: false, minimize: false },
);
consentRecordSchema.index({ device: 1, at: 1 });
consentRecordSchema.index({ app: 1, at: 1 });

export const consentRecordModel = (connection: Connection): Model<ConsentRecord> =>
  connection.model<ConsentRecord>('ConsentRecord', consentRecordSchema);

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
