/**
 * How many pushes each person has got lately, for the caps of an app: one document a person, and one write that both asks and
 * raises those of a batch, so that no two processes count past a limit. Driver, not Mongoose: hot path.
 */
import { mongo, type Types } from 'mongoose';
import { type Cap, type OpenWindow, openWindow } from './caps.js';
import { findPage } from './find-page.js';
import { insertBytes } from './insert-bytes.js';

/** Short names: there is one of these for each person. */
export interface CapCount {
  /** A person: the keyed hash of their account (16 bytes), or the id of a device that has none (12 bytes). */
  _id: mongo.Binary;
  /** Tasks that were counted, the last ones. */
  k: Types.ObjectId[];
  /** By cap: when its last pushes were counted, as many as its limit, the newest first. */
  n: Record<string, Date[]>;
  /** Nobody needs it any more. */
  until: Date;
}

export const CAP_COUNTS = 'cap_counts';

/** A task that goes on to another device, or is tried again, counts anew only when so many have been counted meanwhile. */
export const TASKS_KEPT = 64;

/** Where the database's clock is ahead by less, nothing is forgotten too early. */
const MARGIN_SECONDS = 86_400;
const DAY_MS = 86_400_000;

export const capCountIndexes: mongo.IndexDescription[] = [
  { key: { until: 1 }, expireAfterSeconds: MARGIN_SECONDS },
];

export const capCounts = (db: mongo.Db): mongo.Collection<CapCount> =>
  db.collection<CapCount>(CAP_COUNTS);

/** A push of a task. */
export interface CountedPush {
  readonly task: { readonly _id: Types.ObjectId; readonly expiresAt: Date };
  /** All of them must have room. */
  readonly caps: readonly Cap[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Somebody has had enough pushes. */
export interface Capped {
  /** Name of the cap; of several, the one that has room again last. */
  readonly cap: string;
  /** When it has room again. */
  readonly freesAt: Date;
}

interface OpenCap extends OpenWindow {
  readonly cap: Cap;
  readonly list: string;
  /** A cap is full when this one of its last pushes still counts: the one that makes up the limit. */
  readonly decisive: number;
}

interface OpenPush extends CountedPush {
  readonly open: readonly OpenCap[];
  /** Rounded up, so that the index changes once a day. */
  readonly until: Date;
}

const openPush = (push: CountedPush): OpenPush => {
  const { task, caps, nowMs } = push;
  const open = caps.map((cap) => ({
    ...openWindow(cap.window, nowMs),
    cap,
    list: `n.${cap.name}`,
    decisive: cap.limit - 1,
  }));
  const untilMs = Math.max(task.expiresAt.getTime(), ...open.map(({ endMs }) => endMs(nowMs)));
  return {
    ...push,
    open,
    until: new Date(Math.ceil(untilMs / DAY_MS) * DAY_MS),
  };
};

/** Counts the push for those who are known, have room, and for whom it was not counted before; says for how many. */
const countKnown = async (
  db: mongo.Db,
  people: readonly mongo.Binary[],
  { task, nowMs, open, until }: OpenPush,
): Promise<number> => {
  const room: mongo.Document = {};
  const pushed: mongo.Document = { k: { $each: [task._id], $slice: -TASKS_KEPT } };
  for (const { cap, startMs, list, decisive } of open) {
    room[`${list}.${decisive}`] = { $not: { $gte: new Date(startMs) } };
    // Sorted, because the clocks of two processes are not quite the same.
    pushed[list] = { $each: [new Date(nowMs)], $sort: -1, $slice: cap.limit };
  }
  const { matchedCount } = await capCounts(db).updateMany(
    { _id: { $in: [...people] }, k: { $ne: task._id }, ...room },
    { $push: pushed, $max: { until } },
  );
  return matchedCount;
};

interface Seen {
  readonly _id: mongo.Binary;
  readonly isCounted: boolean;
  /** Of each cap the decisive push. */
  readonly decisive: readonly (Date | null)[];
}

const look = (
  db: mongo.Db,
  people: readonly mongo.Binary[],
  { task, open }: OpenPush,
): Promise<Seen[]> =>
  findPage<Seen>(db, CAP_COUNTS, {
    filter: { _id: { $in: [...people] } },
    projection: {
      isCounted: { $in: [task._id, '$k'] },
      decisive: open.map(({ list, decisive }) => ({ $arrayElemAt: [`$${list}`, decisive] })),
    },
    limit: people.length,
  });

/** Null when all caps have room. */
const cappedBy = ({ open }: OpenPush, { decisive }: Seen): Capped | null => {
  let capped: Capped | null = null;
  open.forEach(({ cap, startMs, endMs }, index) => {
    const countedMs = decisive[index]?.getTime();
    if (countedMs == null || countedMs < startMs) return;
    const freesAt = new Date(endMs(countedMs));
    if (capped == null || freesAt > capped.freesAt) capped = { cap: cap.name, freesAt };
  });
  return capped;
};

/** Where its bytes stand in a document that begins with `_id`: behind the length, the type and name, its length and subtype. */
const ID_AT = 4 + 1 + '_id\0'.length + 4 + 1;

/** Copies of one document, which differ in their ids alone: encoding each took longer than all the rest. */
const newCounts = (people: readonly mongo.Binary[], push: OpenPush): Buffer => {
  const { task, nowMs, open, until } = push;
  const at = new Date(nowMs);
  const n = Object.fromEntries(open.map(({ cap }) => [cap.name, [at]]));
  const originals = new Map<number, Uint8Array>();
  const originalOf = (_id: mongo.Binary): Uint8Array => {
    const known = originals.get(_id.length());
    if (known != null) return known;
    const count: CapCount = { _id, k: [task._id], n, until };
    const original = mongo.BSON.serialize(count);
    originals.set(_id.length(), original);
    return original;
  };
  const total = people.reduce((sum, person) => sum + originalOf(person).length, 0);
  const copies = Buffer.allocUnsafe(total);
  let end = 0;
  for (const person of people) {
    const original = originalOf(person);
    copies.set(original, end);
    copies.set(person.value(), end + ID_AT);
    end += original.length;
  }
  return copies;
};

const DUPLICATE_KEY = 11_000;

/** Counts the push for those whom nobody knows yet; gives back those who have become known meanwhile. */
const countNew = async (
  db: mongo.Db,
  people: readonly mongo.Binary[],
  push: OpenPush,
): Promise<mongo.Binary[]> => {
  if (people.length === 0) return [];
  const bytes = newCounts(people, push);
  const given = { count: people.length, bytes, unordered: true } as const;
  const refused = await insertBytes(db, CAP_COUNTS, given);
  const other = refused.find(({ code }) => code !== DUPLICATE_KEY);
  if (other != null) throw new mongo.MongoServerError({ message: other.errmsg, ...other });
  return refused.flatMap(({ index }) => people[index] ?? []);
};

/**
 * Counts a push for each of these people, all different, unless it was counted for them before; says by the id in hex who must
 * not get it, because they have had enough. Done again in part or as a whole, it counts nothing twice.
 */
export const countPush = async (
  db: mongo.Db,
  people: readonly mongo.Binary[],
  given: CountedPush,
): Promise<ReadonlyMap<string, Capped>> => {
  const push = openPush(given);
  const capped = new Map<string, Capped>();
  let undecided = people;
  while (undecided.length > 0) {
    if ((await countKnown(db, undecided, push)) === undecided.length) break;
    const seen = new Map(
      (await look(db, undecided, push)).map((one) => [one._id.toString('hex'), one]),
    );
    const unknown: mongo.Binary[] = [];
    const missed: mongo.Binary[] = [];
    for (const person of undecided) {
      const text = person.toString('hex');
      const one = seen.get(text);
      if (one == null) unknown.push(person);
      else if (!one.isCounted) {
        const by = cappedBy(push, one);
        // Who has room became known after they were counted.
        if (by == null) missed.push(person);
        else capped.set(text, by);
      }
    }
    undecided = [...missed, ...(await countNew(db, unknown, push))];
  }
  return capped;
};

/** What is left of people who are erased. */
export const forgetCapCounts = async (
  db: mongo.Db,
  people: readonly Uint8Array[],
): Promise<void> => {
  await capCounts(db).deleteMany({ _id: { $in: people.map((id) => new mongo.Binary(id)) } });
};
