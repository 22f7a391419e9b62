/** What vendors said about tokens lately, shared by all processes: successes and gone tokens of each profile, by the minute. */
import type { mongo } from 'mongoose';
import type { Batch } from '../models/batch.js';
import type { JobParts } from './parts.js';

export const SLOT_MS = 60_000;
export const WINDOW_SLOTS = 10;
const KEEP_MS = 2 * WINDOW_SLOTS * SLOT_MS;

export const TOKEN_EVIDENCE = 'token_evidence';

/** Settings of one revision: what was heard under others proves nothing about them. */
export interface Origin extends Pick<Batch, 'app' | 'vendor' | 'profile'> {
  readonly revision: number;
}

export interface Window {
  readonly accepted: number;
  readonly gone: number;
}

interface Evidence extends Origin {
  /** `<app>/<vendor>/<profile>/<revision>/<slot>`. */
  _id: string;
  slot: number;
  accepted: number;
  gone: number;
  at: Date;
}

export const tokenEvidenceIndexes: mongo.IndexDescription[] = [
  { key: { at: 1 }, expireAfterSeconds: KEEP_MS / 1_000 },
  { key: { app: 1, vendor: 1, profile: 1, slot: 1 } },
  { key: { slot: 1 }, partialFilterExpression: { gone: { $gt: 0 } } },
];

export interface TokenEvidence {
  /** Successes need not be known at once, and single-device tasks must not write one by one: kept in memory until `flush`. */
  succeeded(origin: Origin, count: number): void;
  gone(origin: Origin, count: number): Promise<void>;
  flush(): Promise<void>;
  inWindow(origin: Origin): Promise<Window>;
  /** Everybody about whose tokens a vendor complained within the window. */
  complainedAbout(): Promise<Origin[]>;
  windowStart(): Date;
}

const originKey = ({ app, vendor, profile, revision }: Origin): string =>
  [app, vendor, profile, revision].join('/');

export const createTokenEvidence = ({ db, now }: Pick<JobParts, 'db' | 'now'>): TokenEvidence => {
  const evidence = db.collection<Evidence>(TOKEN_EVIDENCE);
  const slotNow = (): number => Math.floor(now() / SLOT_MS);
  const firstSlot = (): number => slotNow() - WINDOW_SLOTS + 1;

  const add = async (
    { app, vendor, profile, revision }: Origin,
    slot: number,
    increments: Record<string, number>,
  ): Promise<void> => {
    await evidence.updateOne(
      { _id: `${originKey({ app, vendor, profile, revision })}/${slot}` },
      {
        $inc: increments,
        $setOnInsert: { app, vendor, profile, revision, slot, at: new Date(now()) },
      },
      { upsert: true },
    );
  };

  /** By the minute in which they happened: old successes must not vouch for what a vendor says now. */
  let unwritten = new Map<string, { origin: Origin; slot: number; accepted: number }>();

  return {
    succeeded({ app, vendor, profile, revision }, count) {
      const origin = { app, vendor, profile, revision };
      const slot = slotNow();
      const key = `${originKey(origin)}/${slot}`;
      const before = unwritten.get(key)?.accepted ?? 0;
      unwritten.set(key, { origin, slot, accepted: before + count });
    },
    gone: (origin, count) => add(origin, slotNow(), { accepted: 0, gone: count }),
    async flush() {
      const some = [...unwritten.values()];
      unwritten = new Map();
      await Promise.all(
        some.map(({ origin, slot, accepted }) => add(origin, slot, { accepted, gone: 0 })),
      );
    },
    async inWindow({ app, vendor, profile, revision }) {
      const slots = await evidence
        .find({ app, vendor, profile, revision, slot: { $gte: firstSlot() } })
        .toArray();
      return {
        accepted: slots.reduce((sum, { accepted }) => sum + accepted, 0),
        gone: slots.reduce((sum, { gone }) => sum + gone, 0),
      };
    },
    async complainedAbout() {
      const slots = await evidence
        .find({ slot: { $gte: firstSlot() }, gone: { $gt: 0 } })
        .project<Origin>({ _id: 0, app: 1, vendor: 1, profile: 1, revision: 1 })
        .toArray();
      return [...new Map(slots.map((origin) => [originKey(origin), origin])).values()];
    },
    windowStart: () => new Date(firstSlot() * SLOT_MS),
  };
};
