/** Forgets tokens by evidence: only when the same profile also reaches somebody, so that no mistake of ours forgets a live token. */
import { mongo, Types } from 'mongoose';
import { type Batch, DEVICE_BYTES } from '../models/batch.js';
import type { Device } from '../models/device.js';
import type { TokenEffect } from './consequence.js';
import type { JobParts } from './parts.js';
import type { Ended } from './report.js';

const SLOT_MS = 60_000;
export const WINDOW_SLOTS = 10;
const KEEP_MS = 2 * WINDOW_SLOTS * SLOT_MS;

/** Gone tokens are believed while at least one push arrives for ten of them. */
export const ACCEPTED_PER_GONE = 0.1;

export const isHealthy = ({ accepted, gone }: { accepted: number; gone: number }): boolean =>
  accepted > 0 && accepted >= gone * ACCEPTED_PER_GONE;

interface Evidence {
  /** `<app>/<vendor>/<profile>/<slot>`. */
  _id: string;
  app: string;
  vendor: string;
  profile: string;
  slot: number;
  accepted: number;
  gone: number;
  reasons?: Record<string, number>;
  at: Date;
}

type Profile = Pick<Batch, 'app' | 'vendor' | 'profile'>;

export interface Learned {
  readonly ended: readonly Ended[];
  readonly tokens: readonly {
    readonly index: number;
    readonly token: string;
    readonly effect: TokenEffect;
  }[];
  /** Suspects that were reached after all. */
  readonly recovered: readonly number[];
}

export interface TokenGuard {
  /** Hears of a reported batch; `readAt`: when its devices were read. Never rejects: a token can be forgotten the next time. */
  learn(batch: Batch, learned: Learned, readAt: Date): Promise<void>;
  /** Writes down successes, which are gathered in memory. */
  flush(): Promise<void>;
  /** Believes suspects of profiles that have become healthy since. */
  review(): Promise<void>;
}

const evidence = (db: mongo.Db): mongo.Collection<Evidence> => db.collection('token_evidence');

export const tokenEvidenceIndexes: mongo.IndexDescription[] = [
  { key: { at: 1 }, expireAfterSeconds: KEEP_MS / 1_000 },
  { key: { app: 1, vendor: 1, profile: 1, slot: 1 } },
];
export const TOKEN_EVIDENCE = 'token_evidence';

export const createTokenGuard = (
  parts: Pick<JobParts, 'db' | 'now' | 'log' | 'metrics'>,
): TokenGuard => {
  const { db, log, metrics } = parts;
  const devices = db.collection<Device>('devices');
  const slotNow = (): number => Math.floor(parts.now() / SLOT_MS);

  const add = async (profile: Profile, accepted: number, reasons: string[]): Promise<void> => {
    const { app, vendor, profile: name } = profile;
    const slot = slotNow();
    const increments: Record<string, number> = { accepted, gone: reasons.length };
    for (const reason of reasons) {
      const key = `reasons.${reason.replace(/[^A-Za-z0-9_-]/g, '_')}`;
      increments[key] = (increments[key] ?? 0) + 1;
    }
    await evidence(db).updateOne(
      { _id: `${app}/${vendor}/${name}/${slot}` },
      {
        $inc: increments,
        $setOnInsert: { app, vendor, profile: name, slot, at: new Date(parts.now()) },
      },
      { upsert: true },
    );
  };

  /** Successes since the last flush: they need not be known at once, and single-device tasks must not write one by one. */
  let unwritten = new Map<string, { profile: Profile; accepted: number }>();
  const remember = ({ app, vendor, profile }: Profile, accepted: number): void => {
    const key = `${app}/${vendor}/${profile}`;
    const before = unwritten.get(key)?.accepted ?? 0;
    unwritten.set(key, { profile: { app, vendor, profile }, accepted: before + accepted });
  };
  const flush = async (): Promise<void> => {
    const some = [...unwritten.values()];
    unwritten = new Map();
    await Promise.all(some.map(({ profile, accepted }) => add(profile, accepted, [])));
  };

  const inWindow = async ({
    app,
    vendor,
    profile,
  }: Profile): Promise<{ accepted: number; gone: number }> => {
    const slots = await evidence(db)
      .find({ app, vendor, profile, slot: { $gt: slotNow() - WINDOW_SLOTS } })
      .toArray();
    return {
      accepted: slots.reduce((sum, { accepted }) => sum + accepted, 0),
      gone: slots.reduce((sum, { gone }) => sum + gone, 0),
    };
  };

  const mark = async (batch: Batch, learned: Learned, readAt: Date): Promise<void> => {
    const healthy = isHealthy(await inWindow(batch));
    const ids = Buffer.from(batch.devices?.buffer ?? []);
    const stateAt = new Date(parts.now());
    const state = healthy ? ('gone' as const) : ('suspect' as const);
    await devices.bulkWrite(
      learned.tokens.map(({ index, token, effect }) => ({
        updateOne: {
          filter: {
            _id: new Types.ObjectId(ids.subarray(index * DEVICE_BYTES, (index + 1) * DEVICE_BYTES)),
            token,
            // Registered again since then: the vendor's news is older than the token.
            registeredAt: { $lte: effect.since ?? readAt },
          },
          update: { $set: { state, stateReason: effect.reason, stateAt } },
        },
      })),
      { ordered: false },
    );
    if (healthy) return;
    metrics.suspected(batch.vendor, learned.tokens.length);
  };

  const recover = async (batch: Batch, indexes: readonly number[]): Promise<void> => {
    const ids = Buffer.from(batch.devices?.buffer ?? []);
    const recovered = indexes.map(
      (index) => new Types.ObjectId(ids.subarray(index * DEVICE_BYTES, (index + 1) * DEVICE_BYTES)),
    );
    await devices.updateMany(
      { _id: { $in: recovered }, state: 'suspect' },
      { $set: { state: 'active', stateAt: new Date(parts.now()) }, $unset: { stateReason: '' } },
    );
  };

  const believeSuspects = async ({ app, vendor, profile }: Profile): Promise<void> => {
    const from = new Date((slotNow() - WINDOW_SLOTS + 1) * SLOT_MS);
    await devices.updateMany(
      { app, vendor, profile, state: 'suspect', stateAt: { $gte: from } },
      { $set: { state: 'gone' } },
    );
  };

  return {
    async learn(batch, learned, readAt) {
      const accepted = learned.ended.filter(({ state }) => state === 'accepted').length;
      try {
        if (accepted > 0) remember(batch, accepted);
        if (learned.tokens.length > 0) {
          await flush();
          await add(
            batch,
            0,
            learned.tokens.map(({ effect }) => effect.reason),
          );
          await mark(batch, learned, readAt);
        }
        if (learned.recovered.length > 0) await recover(batch, learned.recovered);
      } catch (error) {
        log.warn('Evidence about tokens could not be kept', { error });
      }
    },

    flush,

    async review() {
      await flush();
      const slots = await evidence(db)
        .find({ slot: { $gt: slotNow() - WINDOW_SLOTS }, gone: { $gt: 0 } })
        .project<Profile>({ app: 1, vendor: 1, profile: 1 })
        .toArray();
      const profiles = new Map(
        slots.map((one) => [`${one.app}/${one.vendor}/${one.profile}`, one]),
      );
      for (const profile of profiles.values()) {
        const window = await inWindow(profile);
        if (isHealthy(window)) {
          await believeSuspects(profile);
          continue;
        }
        const { app, vendor, profile: name } = profile;
        metrics.guardAlarm(app, vendor, name);
        log.warn('Tokens are called gone without any success: none is forgotten', {
          app,
          vendor,
          profile: name,
          ...window,
        });
      }
    },
  };
};
