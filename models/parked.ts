/** Batches that wait because the pace of their vendor profile or task is used up, in the order of their turns. */
import type { Connection, mongo } from 'mongoose';
import { type Batch, batches } from './batch.js';
import { cutBatch } from './cut-batch.js';
import { LANES, type Lane } from './task.js';
import { inTransaction } from './transaction.js';

/**
 * Whom a batch waits for, and when it is its turn among those who do. Whoever claims it has it, too, to give it back with the
 * turn it had; it means nothing of a batch that is not due.
 */
export interface Parked {
  /** The key of what is paced. */
  by: string;
  /** Lanes go one before the other. */
  rank: number;
  /** Within a lane, the lowest comes first. */
  turn: number;
}

export interface Parking {
  readonly by: string;
  readonly turn: number;
  /** Found by the ordinary way then, should nobody fetch it. */
  readonly notBefore: Date;
}

const TURNS = { 'parked.by': 1, 'parked.rank': 1, 'parked.turn': 1 } as const;

export const parkedIndexes: mongo.IndexDescription[] = [
  {
    name: 'parked',
    key: TURNS,
    partialFilterExpression: { state: 'due', 'parked.by': { $exists: true } },
  },
];

const parkedOf = ({ by, turn }: Parking, lane: Lane): Parked => ({
  by,
  rank: LANES.indexOf(lane),
  turn,
});

/** Gives a claimed batch back until its turn; false when the lease is lost. */
export const parkBatch = async (
  db: mongo.Db,
  batch: Pick<Batch, '_id' | 'fence' | 'lane'>,
  parking: Parking,
): Promise<boolean> => {
  const { matchedCount } = await batches(db).updateOne(
    { _id: batch._id, fence: batch.fence, state: 'claimed' },
    {
      $set: {
        state: 'due',
        notBefore: parking.notBefore,
        parked: parkedOf(parking, batch.lane),
      },
      $unset: { owner: '' },
    },
  );
  return matchedCount === 1;
};

/** What must not be fetched now: a whole lane, or some vendor profiles in it. */
export interface Closed {
  readonly lane: Lane;
  readonly profiles?: readonly Pick<Batch, 'app' | 'vendor' | 'profile'>[];
}

const notClosed = (closed: readonly Closed[]): mongo.Filter<Batch> => {
  const lanes = closed.flatMap(({ lane, profiles }) => (profiles == null ? [lane] : []));
  const some = closed.flatMap(({ lane, profiles = [] }) => profiles.map((of) => ({ lane, ...of })));
  return {
    ...(lanes.length === 0
      ? {}
      : { 'parked.rank': { $nin: lanes.map((lane) => LANES.indexOf(lane)) } }),
    ...(some.length === 0 ? {} : { $nor: some }),
  };
};

/** The one whose turn it is, claimed for `owner`; null when none waits for `by`. Whoever gives it back, it is due at once. */
export const claimParked = (
  db: mongo.Db,
  by: string,
  owner: string,
  { now, closed = [] }: { readonly now: Date; readonly closed?: readonly Closed[] },
): Promise<mongo.WithId<Batch> | null> =>
  batches(db).findOneAndUpdate(
    { 'parked.by': by, state: 'due', ...notClosed(closed) },
    {
      $set: { state: 'claimed', owner, notBefore: now },
      $inc: { fence: 1, beat: 1 },
    },
    {
      sort: { 'parked.rank': 1, 'parked.turn': 1 },
      returnDocument: 'after',
      hint: TURNS,
    },
  );

/** Keys that batches wait for. */
export const parkedKeys = async (db: mongo.Db): Promise<string[]> => {
  const keys: string[] = [];
  // A step from key to key: a million batches may wait for one of them.
  for (let after = ''; ; ) {
    const next = await batches(db).findOne(
      { state: 'due', 'parked.by': { $gt: after } },
      {
        projection: { _id: 0, 'parked.by': 1 },
        sort: TURNS,
        hint: TURNS,
      },
    );
    if (next?.parked == null) return keys;
    after = next.parked.by;
    keys.push(after);
  }
};

/** Nothing paces them any more: they are due like all others. */
export const unparkAll = async (db: mongo.Db, by: string, now: Date): Promise<void> => {
  await batches(db).updateMany(
    { 'parked.by': by, state: 'due' },
    { $set: { notBefore: now }, $unset: { parked: '' } },
    { hint: TURNS },
  );
};

/**
 * Leaves the first `count` devices in a claimed batch; the others wait in a batch of their own. Null when the lease is lost.
 */
export const splitBatch = async (
  connection: Connection,
  db: mongo.Db,
  batch: Batch,
  count: number,
  parking: Parking,
): Promise<Batch | null> => {
  const { head, rest } = cutBatch(batch, count);
  const kept = await inTransaction(connection, async (session) => {
    const { size, devices, tokens, accounts, data } = head;
    const { matchedCount } = await batches(db).updateOne(
      { _id: batch._id, fence: batch.fence, state: 'claimed' },
      {
        $set: {
          size,
          ...(devices == null ? {} : { devices }),
          ...(tokens == null ? {} : { tokens }),
          ...(accounts == null ? {} : { accounts }),
          ...(data == null ? {} : { data }),
        },
        $unset: { sole: '' },
      },
      { session },
    );
    if (matchedCount === 0) return false;
    const { notBefore } = parking;
    const waiting = { ...rest, notBefore, parked: parkedOf(parking, batch.lane) };
    await batches(db).insertOne(waiting, { session });
    return true;
  });
  return kept ? head : null;
};
