/** The suppression list: tokens, installations and accounts that must not be pushed to, kept as keyed hashes only. */
import { type Connection, type Model, Schema } from 'mongoose';

/** What somebody put on the list, for one purpose or all of them; whoever is on it may still register. */
export interface Block {
  /** In the caller's words: `complaint`, `fraud` ... */
  reason: string;
  at: Date;
  /** Absent: until it is taken off. */
  until?: Date;
  /** Id of the key that was used. */
  by: string;
}

/** In the place of a purpose; no purpose begins so. */
export const ALL_PURPOSES = '_all';

/** Of whoever declined by a link; a fresh grant of the same person lifts it. */
export const UNSUBSCRIBED = 'unsubscribed';

/** Where a block stands in an entry: what a person declined stands beside what others put there, and neither replaces the other. */
export const placeOf = (reason: string, purpose = ALL_PURPOSES): string =>
  reason === UNSUBSCRIBED ? `-${purpose}` : purpose;

/** Absent: all of them. */
export const purposeAt = (place: string): string | undefined => {
  const purpose = place.replace(/^-/, '');
  return purpose === ALL_PURPOSES ? undefined : purpose;
};

export interface Suppression {
  /** tokenKey, installationKey or accountKey of token-key.ts; keyed by the app's secret, so unique over apps. */
  _id: Buffer;
  app: string;
  kind: 'token' | 'installation' | 'account';
  /** Of an erasure. Absent where there are blocks alone. */
  reason?: 'erased';
  /** When it was erased. */
  at?: Date;
  /** By `placeOf`. */
  blocks?: Record<string, Block>;
}

export const suppressionSchema = new Schema<Suppression>(
  {
    _id: { type: Buffer, required: true },
    app: { type: String, required: true },
    kind: { type: String, enum: ['token', 'installation', 'account'], required: true },
    reason: { type: String, enum: ['erased'] },
    at: { type: Date },
    blocks: { type: Schema.Types.Mixed },
  },
  { collection: 'suppressions', versionKey: false },
);
// Tells cheaply whether an app has any entry at all: most have none. Lists are in the order of the keys.
suppressionSchema.index({ app: 1, _id: 1 });

export const suppressionModel = (connection: Connection): Model<Suppression> =>
  connection.model<Suppression>('Suppression', suppressionSchema);

const counts = (block: Block | undefined, nowMs: number): boolean =>
  block != null && (block.until == null || block.until.getTime() > nowMs);

const blockOf = ({ blocks = {} }: Pick<Suppression, 'blocks'>, name: string): Block | undefined =>
  Object.hasOwn(blocks, name) ? blocks[name] : undefined;

/** Whether an entry keeps pushes for this purpose away now. */
export const isSuppressed = (
  entry: Pick<Suppression, 'reason' | 'blocks'>,
  purpose: string,
  nowMs: number,
): boolean =>
  entry.reason === 'erased' ||
  [ALL_PURPOSES, purpose].some(
    (name) =>
      counts(blockOf(entry, name), nowMs) ||
      counts(blockOf(entry, placeOf(UNSUBSCRIBED, name)), nowMs),
  );
