/**
 * A vendor profile that rests: what all processes know of it, and the batches that wait for it out of the way of the others.
 * Driver, not Mongoose: workers read it every second.
 */
import { type mongo, Types } from 'mongoose';
import { ASIDE_INDEX, type Batch, batches } from './batch.js';
import { LANES } from './task.js';
import type { VendorProfile } from './vendor-profile.js';

/** `account-refused` is for the operator to mend, `vendor-trouble` for the vendor. */
export type RestCause = 'account-refused' | 'vendor-trouble';

export interface Rest {
  /** `<app>/<vendor>/<profile>`; the document is gone once the profile is well. */
  _id: string;
  app: string;
  cause: RestCause;
  /** The outcome's reason: a word. */
  code: string;
  /** In words an operator acts on. */
  reason: string;
  since: Date;
  /** Each process counts it from when it saw this `turn`, by its own monotonic clock; `nextProbeAt` is for people. */
  restMs: number;
  nextProbeAt: Date;
  /** One push is on its way to ask again. */
  probing: boolean;
  /** Of the settings that this is about: newer ones end the rest. */
  revision: number;
  /** New with every change, so that of several processes one makes the next. */
  turn: Types.ObjectId;
}

export const RESTS = 'profile_rests';

export const restIndexes: mongo.IndexDescription[] = [{ key: { app: 1 } }];

export const rests = (db: mongo.Db): mongo.Collection<Rest> => db.collection<Rest>(RESTS);

export type RestChange = Partial<Omit<Rest, '_id' | 'app' | 'turn'>>;

/** Null when somebody else was first. */
export const nextTurn = (
  db: mongo.Db,
  { _id, turn }: Pick<Rest, '_id' | 'turn'>,
  change: RestChange,
): Promise<Rest | null> =>
  rests(db).findOneAndUpdate(
    { _id, turn },
    { $set: { ...change, turn: new Types.ObjectId() } },
    { returnDocument: 'after' },
  );

/** The rest that is stored then: this one, or that of a process that was faster. */
export const beginRest = async (db: mongo.Db, rest: Omit<Rest, 'turn'>): Promise<Rest> => {
  const { _id, ...fields } = rest;
  const stored = await rests(db).findOneAndUpdate(
    { _id },
    { $setOnInsert: { ...fields, turn: new Types.ObjectId() } },
    { upsert: true, returnDocument: 'after' },
  );
  if (stored == null) throw new Error('An upsert gave no document');
  return stored;
};

/** False when somebody has changed it since. */
export const endRest = async (
  db: mongo.Db,
  { _id, turn }: Pick<Rest, '_id' | 'turn'>,
): Promise<boolean> => (await rests(db).deleteOne({ _id, turn })).deletedCount === 1;

/** By profile, the revision of its settings; without those that have none any more. */
export const revisionsOf = async (
  db: mongo.Db,
  profiles: readonly string[],
): Promise<Map<string, number>> => {
  const found = await db
    .collection<VendorProfile>('vendor_profiles')
    .find({ _id: { $in: [...profiles] } }, { projection: { revision: 1 } })
    .toArray();
  return new Map(found.map(({ _id, revision }) => [_id, revision]));
};

/** Rests that hold: about settings that are still the ones in use. */
export const restsOfApp = async (db: mongo.Db, app: string): Promise<Map<string, Rest>> => {
  const stored = await rests(db).find({ app }).toArray();
  if (stored.length === 0) return new Map();
  const revisions = await revisionsOf(
    db,
    stored.map(({ _id }) => _id),
  );
  return new Map(
    stored
      .filter(({ _id, revision }) => revisions.get(_id) === revision)
      .map((rest) => [rest._id, rest]),
  );
};

/** A batch that waits is due when it expires, so that it ends on time whatever happens to the profile. */
const waiting = (on: string, code: string) => ({
  $set: {
    waitsFor: { profile: on, dueAt: { $ifNull: ['$waitsFor.dueAt', '$notBefore'] } },
    notBefore: '$expiresAt',
    lastReason: { $ifNull: ['$lastReason', { $literal: code }] },
  },
});

/** Puts everything that is due for this profile out of the way. */
export const setAsideDue = async (
  db: mongo.Db,
  profile: Pick<Batch, 'app' | 'vendor' | 'profile'>,
  { on, code, now }: { on: string; code: string; now: Date },
): Promise<number> => {
  const { app, vendor, profile: name } = profile;
  const { modifiedCount } = await batches(db).updateMany(
    {
      lane: { $in: [...LANES] },
      state: 'due',
      notBefore: { $lte: now },
      expiresAt: { $gt: now },
      app,
      vendor,
      profile: name,
    },
    [waiting(on, code)],
    { hint: 'due' },
  );
  return modifiedCount;
};

/** The same for one that was claimed; false when the lease is lost. */
export const setAside = async (
  db: mongo.Db,
  batch: Pick<Batch, '_id' | 'fence'>,
  { on, code }: { on: string; code: string },
): Promise<boolean> => {
  const { matchedCount } = await batches(db).updateOne(
    { _id: batch._id, fence: batch.fence, state: 'claimed' },
    [waiting(on, code), { $set: { state: 'due' } }, { $unset: ['owner', 'parked'] }],
  );
  return matchedCount === 1;
};

const isAside = (profile: string | { $gt: string }) =>
  ({ state: 'due', 'waitsFor.profile': profile }) as const;
const DUE_AGAIN = [{ $set: { notBefore: '$waitsFor.dueAt' } }, { $unset: ['waitsFor'] }];

/** They are due when they were. */
export const takeUp = async (db: mongo.Db, on: string): Promise<number> =>
  (await batches(db).updateMany(isAside(on), DUE_AGAIN, { hint: ASIDE_INDEX })).modifiedCount;

/** The one that has waited longest, to ask with; null when none waits. */
export const takeUpOne = (db: mongo.Db, on: string): Promise<Pick<Batch, 'lane'> | null> =>
  batches(db).findOneAndUpdate(isAside(on), DUE_AGAIN, {
    sort: { 'waitsFor.profile': 1, 'waitsFor.dueAt': 1 },
    projection: { lane: 1 },
    hint: { 'waitsFor.profile': 1, 'waitsFor.dueAt': 1 },
  });

/** Every profile that batches wait for: one step in the index for each. */
export const waitedFor = async (db: mongo.Db): Promise<string[]> => {
  const found: string[] = [];
  for (let last = ''; ; ) {
    const next = await batches(db).findOne(isAside({ $gt: last }), {
      sort: { 'waitsFor.profile': 1 },
      projection: { 'waitsFor.profile': 1 },
      hint: ASIDE_INDEX,
    });
    if (next?.waitsFor == null) return found;
    last = next.waitsFor.profile;
    found.push(last);
  }
};
