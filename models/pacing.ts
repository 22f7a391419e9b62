/**
 * Permits to send, granted by one document for each vendor profile or task that is paced. Whoever asks gets the next free
 * slice of time by the database's clock, so that the slices of all processes follow each other and none is given twice.
 */
import type { mongo } from 'mongoose';
import { isDuplicateKey } from './duplicate-key.js';

/** How fast something may be sent. */
export interface Pace {
  readonly perSecond: number;
  /** After a rest it begins with a tenth, and is back at its full rate after so long. */
  readonly rampUpSeconds?: number;
}

export interface PermitAsk {
  /** The vendor profile, or the task, that is paced. */
  readonly key: string;
  readonly pace: Pace;
  /** At most; at least 1. */
  readonly wanted: number;
  /** The slice begins no sooner than that, at most `LONGEST_LEAD_MS`: it would be over before the answer has come. */
  readonly leadMs?: number;
}

/** A slice of time in which only its owner may send: `count` pushes, evenly. */
export interface PermitGrant {
  /** 0 when too much is granted already: ask again after `delayMs`. */
  readonly count: number;
  /** The database's clock when it answered. */
  readonly atMs: number;
  /** From `atMs` to the beginning of the slice. */
  readonly delayMs: number;
  /** What is allowed at present, by everybody together. */
  readonly perSecond: number;
}

interface Pacing {
  /** The key. */
  _id: string;
  /** Everything before is granted; milliseconds of the database's clock, with fractions. */
  until: number;
  /** The last grant, by the same clock. */
  grantedAt: number;
  /** Of the full rate: less after complaints and while it ramps up. */
  factor: number;
  slowedAt?: number;
  grant: PermitGrant;
  /** Forgotten after a rest. */
  usedAt: Date;
}

export const PACING = 'pacing';
const FORGET_AFTER_SECONDS = 86_400;

export const pacingIndexes: mongo.IndexDescription[] = [
  { key: { usedAt: 1 }, expireAfterSeconds: FORGET_AFTER_SECONDS },
];

/** What is left of a quota is the margin for pushes that overtake each other on their way to the vendor. */
export const USED_OF_QUOTA = 0.975;
/** Slices are short, so that a change is felt soon and nobody waits long for their turn, but not a request for each push. */
export const LONGEST_SLICE_MS = 200;
const SHORTEST_SLICE_MS = 40;
/** The more is granted ahead, the shorter are the slices, so that many processes do not wait longer than a few. */
const AHEAD_MS = 600;
/** Nothing is granted further ahead. */
const FURTHEST_AHEAD_MS = 1_000;
/** Devices are read again when their turn comes later than about that. */
export const LONGEST_LEAD_MS = FURTHEST_AHEAD_MS;

export const RAMP_START = 0.1;
const RAMP_AFTER_REST_MS = 60_000;
/** Back from a complaint in so long; only time in which permits are asked for counts. */
const RECOVERY_SECONDS = 60;
const SECOND_MS = 1_000;
export const SLOWED_TO = 0.7;
const SLOWEST_FACTOR = 0.01;

/** Only tests give a clock of their own: `$$NOW` is the database's. */
export type DatabaseClock = '$$NOW' | Date;

type Asked = Required<PermitAsk>;

const pacing = (db: mongo.Db): mongo.Collection<Pacing> => db.collection<Pacing>(PACING);

/** Raised by the time since the last grant, as far as that was used to send; after a rest, a ramp begins anew. */
const raisedFactor = ({ rampUpSeconds }: Pace): object => {
  const raisePerMs =
    (rampUpSeconds == null ? 1 / RECOVERY_SECONDS : (1 - RAMP_START) / rampUpSeconds) / SECOND_MS;
  const start = rampUpSeconds == null ? 1 : RAMP_START;
  const counted = { $max: [0, { $min: ['$sinceMs', SECOND_MS] }] };
  const raised = { $min: [1, { $add: ['$factor', { $multiply: [counted, raisePerMs] }] }] };
  return {
    $switch: {
      branches: [
        { case: { $lte: ['$factor', null] }, then: start },
        ...(rampUpSeconds == null
          ? []
          : [{ case: { $gt: ['$sinceMs', RAMP_AFTER_REST_MS] }, then: start }]),
      ],
      default: raised,
    },
  };
};

const grantStages = ({ pace, wanted, leadMs }: Asked, clock: DatabaseClock): object[] => [
  { $set: { nowMs: { $toDouble: { $toDate: clock } } } },
  {
    $set: {
      sinceMs: { $subtract: ['$nowMs', { $ifNull: ['$grantedAt', '$nowMs'] }] },
      // A clock that was set back does not make what is granted last longer.
      aheadMs: {
        $max: [
          0,
          {
            $subtract: [
              { $ifNull: ['$until', 0] },
              { $max: ['$nowMs', { $ifNull: ['$grantedAt', 0] }] },
            ],
          },
        ],
      },
    },
  },
  { $set: { factor: raisedFactor(pace), startMs: { $max: ['$aheadMs', leadMs] } } },
  { $set: { rate: { $multiply: [pace.perSecond * USED_OF_QUOTA, '$factor'] } } },
  {
    $set: {
      // Longer by what passes until the answer to the next question.
      sliceMs: {
        $max: [
          SHORTEST_SLICE_MS,
          {
            $min: [
              LONGEST_SLICE_MS + leadMs,
              { $divide: [{ $subtract: [AHEAD_MS + leadMs, '$aheadMs'] }, 2] },
            ],
          },
        ],
      },
    },
  },
  {
    $set: {
      count: {
        $cond: [
          { $gt: ['$aheadMs', FURTHEST_AHEAD_MS] },
          0,
          {
            $min: [
              wanted,
              {
                $max: [
                  1,
                  { $floor: { $divide: [{ $multiply: ['$rate', '$sliceMs'] }, SECOND_MS] } },
                ],
              },
            ],
          },
        ],
      },
    },
  },
  {
    $set: {
      until: {
        $add: ['$nowMs', '$startMs', { $divide: [{ $multiply: ['$count', SECOND_MS] }, '$rate'] }],
      },
      grantedAt: '$nowMs',
      usedAt: { $toDate: clock },
      grant: {
        count: '$count',
        atMs: '$nowMs',
        delayMs: {
          $cond: [
            { $eq: ['$count', 0] },
            { $subtract: ['$aheadMs', FURTHEST_AHEAD_MS] },
            '$startMs',
          ],
        },
        perSecond: '$rate',
      },
    },
  },
  { $unset: ['nowMs', 'sinceMs', 'aheadMs', 'startMs', 'rate', 'sliceMs', 'count'] },
];

const tryGrant = async (db: mongo.Db, ask: Asked, clock: DatabaseClock): Promise<PermitGrant> => {
  const granted = await pacing(db).findOneAndUpdate({ _id: ask.key }, grantStages(ask, clock), {
    upsert: true,
    returnDocument: 'after',
    projection: { grant: 1 },
  });
  if (granted == null) throw new Error('Permits were granted and not told');
  return granted.grant;
};

/** The next free slice; one atomic write. */
export const grantPermits = async (
  db: mongo.Db,
  { leadMs = 0, ...question }: PermitAsk,
  clock: DatabaseClock = '$$NOW',
): Promise<PermitGrant> => {
  const ask: Asked = { ...question, leadMs: Math.min(leadMs, LONGEST_LEAD_MS) };
  try {
    return await tryGrant(db, ask, clock);
  } catch (error) {
    // Two that ask first for the same key both want to insert it.
    if (!isDuplicateKey(error)) throw error;
    return tryGrant(db, ask, clock);
  }
};

/** The vendor says that we send too fast. However many say so, once a second counts. False when this one did not. */
export const slowDown = async (
  db: mongo.Db,
  key: string,
  clock: DatabaseClock = '$$NOW',
): Promise<boolean> => {
  const nowMs = { $toDouble: { $toDate: clock } };
  const sinceMs = { $subtract: [nowMs, { $ifNull: ['$slowedAt', 0] }] };
  const { modifiedCount } = await pacing(db).updateOne(
    {
      _id: key,
      // Before it: a clock that was set back.
      $expr: { $or: [{ $gte: [sinceMs, SECOND_MS] }, { $lt: [sinceMs, 0] }] },
    },
    [
      {
        $set: {
          factor: { $max: [SLOWEST_FACTOR, { $multiply: ['$factor', SLOWED_TO] }] },
          slowedAt: nowMs,
        },
      },
    ],
  );
  return modifiedCount === 1;
};

/** Of its full rate, how much is allowed at present: 1 where nothing was ever paced. */
export const pacingFactors = async (
  db: mongo.Db,
  keys: readonly string[],
): Promise<ReadonlyMap<string, number>> => {
  const found = await pacing(db)
    .find({ _id: { $in: [...keys] } }, { projection: { factor: 1 } })
    .toArray();
  return new Map(found.map(({ _id, factor }) => [_id, factor]));
};
