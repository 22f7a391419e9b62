/** Keys that callers present: of one app, or of the operator. */
import { type Connection, type Model, Schema } from 'mongoose';

export const SERVER_SCOPES = [
  'tasks:write',
  'tasks:read',
  'campaigns:approve',
  'events:write',
  'devices:write',
  'devices:read',
  'admin',
] as const;
/** Keys with this scope alone are safe inside a mobile app. */
export const CLIENT_SCOPE = 'devices:register';
export const SCOPES = [...SERVER_SCOPES, CLIENT_SCOPE] as const;
export type Scope = (typeof SCOPES)[number];

export interface Key {
  /** Public half of `Authorization: Bearer <id>.<secret>`. */
  _id: string;
  app: string;
  name: string;
  scopes: Scope[];
  /** SHA-256 of the secret half. */
  hash: Buffer;
  createdAt: Date;
  revokedAt?: Date;
}

export const keySchema = new Schema<Key>(
  {
    _id: { type: String, required: true },
    app: { type: String, required: true },
    name: { type: String, required: true },
    scopes: { type: [String], enum: SCOPES, required: true },
    hash: { type: Buffer, required: true },
    createdAt: { type: Date, required: true },
    revokedAt: Date,
  },
  { collection: 'keys', versionKey: false },
);
keySchema.index({ app: 1, _id: 1 });

export const keyModel = (connection: Connection): Model<Key> =>
  connection.model<Key>('Key', keySchema);
