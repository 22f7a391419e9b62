/** Which processes plan and send, and in which lanes: each says so while it lives. */
import type { mongo } from 'mongoose';
import type { Lane } from './task.js';

export const WORKERS = 'workers';

export interface Worker {
  /** The owner in its leases. */
  readonly _id: string;
  readonly lanes: readonly Lane[];
  /** By the clock of the database. */
  readonly seenAt: Date;
}

const SEEN_WITHIN_SECONDS = 60;
const FORGOTTEN_AFTER_SECONDS = 3_600;

export const workerIndexes: mongo.IndexDescription[] = [
  { key: { seenAt: 1 }, name: 'seen', expireAfterSeconds: FORGOTTEN_AFTER_SECONDS },
];

const workers = (db: mongo.Db): mongo.Collection<Worker> => db.collection<Worker>(WORKERS);

export const signIn = async (
  db: mongo.Db,
  owner: string,
  lanes: readonly Lane[],
): Promise<void> => {
  const seen = { $set: { lanes: [...lanes], seenAt: '$$NOW' } };
  await workers(db).updateOne({ _id: owner }, [seen], { upsert: true });
};

export const signOut = async (db: mongo.Db, owner: string): Promise<void> => {
  await workers(db).deleteOne({ _id: owner });
};

/** Lanes of which some worker was seen in the last minute. */
export const lanesServed = async (db: mongo.Db): Promise<Set<Lane>> => {
  const since = {
    $dateSubtract: { startDate: '$$NOW', unit: 'second', amount: SEEN_WITHIN_SECONDS },
  };
  const seen = await workers(db)
    .find({ $expr: { $gte: ['$seenAt', since] } }, { projection: { lanes: 1 } })
    .toArray();
  return new Set(seen.flatMap(({ lanes }) => lanes));
};
