/** The suppression list: tokens, installations and accounts that must not be pushed to, kept as keyed hashes only. */
import { type Connection, type Model, Schema } from 'mongoose';

export interface Suppression {
  /** tokenKey, installationKey or accountKey of token-key.ts; keyed by the app's secret, so unique over apps. */
  _id: Buffer;
  app: string;
  kind: 'token' | 'installation' | 'account';
  reason: 'erased';
  at: Date;
}

export const suppressionSchema = new Schema<Suppression>(
  {
    _id: { type: Buffer, required: true },
    app: { type: String, required: true },
    kind: { type: String, enum: ['token', 'installation', 'account'], required: true },
    reason: { type: String, enum: ['erased'], required: true },
    at: { type: Date, required: true },
  },
  { collection: 'suppressions', versionKey: false },
);
// Tells cheaply whether an app has any entry at all: most have none.
suppressionSchema.index({ app: 1, kind: 1 });

export const suppressionModel = (connection: Connection): Model<Suppression> =>
  connection.model<Suppression>('Suppression', suppressionSchema);
