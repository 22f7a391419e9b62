/** Forgets tokens by evidence: only when the same profile also reaches somebody, so that no mistake of ours forgets a live token. */
import { Types } from 'mongoose';
import { type Batch, DEVICE_BYTES } from '../models/batch.js';
import type { Device } from '../models/device.js';
import { type VendorProfile, vendorProfileId } from '../models/vendor-profile.js';
import type { Ended } from './batch-result.js';
import type { TokenEffect } from './consequence.js';
import type { JobParts } from './parts.js';
import { createTokenEvidence, type Origin, type Window } from './token-evidence.js';

/** Gone tokens are believed while at least one push arrives for ten of them. */
export const ACCEPTED_PER_GONE = 0.1;

export const isHealthy = ({ accepted, gone }: Window): boolean =>
  accepted > 0 && accepted >= gone * ACCEPTED_PER_GONE;

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

/** Where the news comes from. */
export interface Asked {
  /** When the batch's devices were read. */
  readonly readAt: Date;
  /** Of the profile's settings that it was sent with. */
  readonly revision: number;
}

export interface TokenGuard {
  /** Hears of a reported batch. Never rejects: a token can be forgotten the next time. */
  learn(batch: Batch, learned: Learned, asked: Asked): Promise<void>;
  /** Writes down successes, which are gathered in memory. */
  flush(): Promise<void>;
  /** Believes suspects of profiles that have become healthy since, and raises the alarm about the others. */
  review(): Promise<void>;
}

export const createTokenGuard = (
  parts: Pick<JobParts, 'db' | 'now' | 'log' | 'metrics'>,
): TokenGuard => {
  const { db, log, metrics } = parts;
  const devices = db.collection<Device>('devices');
  const evidence = createTokenEvidence(parts);

  /** Since when these settings hold; null when they hold no more. */
  const validSince = async ({ app, vendor, profile, revision }: Origin): Promise<Date | null> => {
    const found = await db
      .collection<VendorProfile>('vendor_profiles')
      .findOne({ _id: vendorProfileId(app, vendor, profile), revision });
    return found?.updatedAt ?? null;
  };

  const mark = async (
    batch: Batch,
    learned: Learned,
    { readAt, revision }: Asked,
  ): Promise<void> => {
    const origin = { ...batch, revision };
    // The operator has changed the settings meanwhile, perhaps because of these very answers.
    if ((await validSince(origin)) == null) return;
    const healthy = isHealthy(await evidence.inWindow(origin));
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
    if (!healthy) metrics.suspected(batch.vendor, learned.tokens.length);
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

  const believeSuspects = async ({ app, vendor, profile }: Origin, since: Date): Promise<void> => {
    await devices.updateMany(
      { app, vendor, profile, state: 'suspect', stateAt: { $gte: since } },
      { $set: { state: 'gone' } },
    );
  };

  /** Gone tokens that the alarm was raised for, so that it is raised again only for more of them. */
  let alarmed = new Map<string, number>();
  const alarm = ({ app, vendor, profile }: Origin, window: Window, before: number): void => {
    if (window.gone <= before) return;
    metrics.guardAlarm(app, vendor, profile);
    log.warn('Tokens are called gone without any success: none is forgotten', {
      app,
      vendor,
      profile,
      ...window,
    });
  };

  return {
    async learn(batch, learned, asked) {
      const origin = { ...batch, revision: asked.revision };
      const accepted = learned.ended.filter(({ state }) => state === 'accepted').length;
      try {
        if (accepted > 0) evidence.succeeded(origin, accepted);
        if (learned.tokens.length > 0) {
          await evidence.flush();
          await evidence.gone(origin, learned.tokens.length);
          await mark(batch, learned, asked);
        }
        if (learned.recovered.length > 0) await recover(batch, learned.recovered);
      } catch (error) {
        log.warn('Evidence about tokens could not be kept', { error });
      }
    },

    flush: () => evidence.flush(),

    async review() {
      await evidence.flush();
      const stillAlarmed = new Map<string, number>();
      for (const origin of await evidence.complainedAbout()) {
        const since = await validSince(origin);
        if (since == null) continue;
        const window = await evidence.inWindow(origin);
        if (isHealthy(window)) {
          const start = evidence.windowStart();
          // What was heard before these settings says nothing about the tokens.
          await believeSuspects(origin, since > start ? since : start);
          continue;
        }
        const key = vendorProfileId(origin.app, origin.vendor, origin.profile);
        alarm(origin, window, alarmed.get(key) ?? 0);
        stillAlarmed.set(key, window.gone);
      }
      alarmed = stillAlarmed;
    },
  };
};
