/** Answers kept for a day under the caller's idempotency key, so that a repeated request creates nothing twice. */
import { type Connection, type Model, Schema } from 'mongoose';

export const IDEMPOTENCY_KEPT_SECONDS = 24 * 60 * 60;

export interface IdempotencyRecord {
  /** `<app> <route> <key>`. */
  _id: string;
  /** SHA-256 of the request. */
  requestHash: Buffer;
  /** The answer; there as soon as the record can be read, for both are written in one transaction. */
  status?: number;
  /** JSON text, so that a replay has the same bytes. */
  body?: string;
  createdAt: Date;
}

/** Apps have no space in their id and routes have exactly one, so that no two triples share an id. */
export const idempotencyId = (app: string, route: string, key: string): string =>
  `${app} ${route} ${key}`;

export const idempotencySchema = new Schema<IdempotencyRecord>(
  {
    _id: { type: String, required: true },
    requestHash: { type: Buffer, required: true },
    status: Number,
    body: String,
    createdAt: { type: Date, required: true },
  },
  { collection: 'idempotency', versionKey: false },
);
idempotencySchema.index({ createdAt: 1 }, { expireAfterSeconds: IDEMPOTENCY_KEPT_SECONDS });

export const idempotencyModel = (connection: Connection): Model<IdempotencyRecord> =>
  connection.model<IdempotencyRecord>('IdempotencyRecord', idempotencySchema);
