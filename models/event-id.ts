/** Ids of events that were taken: one that is sent again is no other event. */
import { type ClientSession, type Connection, type Model, type mongo, Schema } from 'mongoose';
import { keyText } from './suppression-list.js';
import { EVENT_AGE_MS } from './trigger.js';

export interface EventId {
  /** `eventKey`. */
  _id: Buffer;
  at: Date;
}

export const eventIdSchema = new Schema<EventId>(
  { _id: { type: Buffer, required: true }, at: { type: Date, required: true } },
  { collection: 'event_ids', versionKey: false },
);
eventIdSchema.index({ at: 1 }, { expireAfterSeconds: EVENT_AGE_MS / 1_000 });

export const eventIdModel = (connection: Connection): Model<EventId> =>
  connection.model<EventId>('EventId', eventIdSchema);

/** In the transaction that takes the events; resolves with the keys that were taken before, as texts. */
export const takeEventIds = async (
  db: mongo.Db,
  keys: readonly Buffer[],
  at: Date,
  session: ClientSession,
): Promise<Set<string>> => {
  if (keys.length === 0) return new Set();
  const ids = db.collection<EventId>('event_ids');
  const found = await ids
    .find({ _id: { $in: [...keys] } }, { session, promoteBuffers: true })
    .toArray();
  const known = new Set(found.map(({ _id }) => keyText(_id)));
  const fresh = keys.filter((key) => !known.has(keyText(key)));
  if (fresh.length > 0)
    await ids.insertMany(
      fresh.map((_id) => ({ _id, at })),
      { session },
    );
  return known;
};
