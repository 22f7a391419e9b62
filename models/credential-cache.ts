/** Short-lived credentials that all processes share, sealed at rest. */
import { setTimeout } from 'node:timers/promises';
import type { mongo } from 'mongoose';
import type { SecretBox } from './secret-box.js';

interface SharedCredential {
  _id: string;
  /** Sealed. */
  value?: string;
  madeAt?: Date;
  /** Somebody makes a new one since then. */
  makingSince?: Date;
}

/** As adapters/adapter.ts wants it; repeated here because models know no adapters. */
export interface CredentialStore {
  get(key: string, renewAfterMs: number, make: () => Promise<string>): Promise<string>;
  drop(key: string, value: string): Promise<void>;
}

export interface CredentialStoreOptions {
  readonly db: mongo.Db;
  readonly secretBox: SecretBox;
  readonly now: () => number;
}

/** A maker that takes longer has died. */
const MAKING_MS = 10_000;
/** What is dated further ahead was dated by a wrong clock: a vendor refuses it, and nobody would replace it in time. */
const CLOCKS_DIFFER_MS = 5 * 60_000;
const ASK_AGAIN_MS = 100;
/** Others renew it meanwhile: without the look the memory of one process would outlive them. */
const MEMORY_MS = 5_000;

const context = (key: string): string => `credentials/${key}`;

export const createCredentialStore = ({
  db,
  secretBox,
  now,
}: CredentialStoreOptions): CredentialStore => {
  const shared = db.collection<SharedCredential>('shared_credentials');
  const memory = new Map<string, { value: string; madeAtMs: number; readAtMs: number }>();
  const asking = new Map<string, Promise<string>>();

  const remember = (key: string, value: string, madeAtMs: number): string => {
    memory.set(key, { value, madeAtMs, readAtMs: now() });
    return value;
  };

  const read = async (key: string, renewAfterMs: number): Promise<string | null> => {
    const found = await shared.findOne({ _id: key });
    if (found?.value == null || found.madeAt == null) return null;
    const madeAtMs = found.madeAt.getTime();
    if (now() - madeAtMs >= renewAfterMs || madeAtMs - now() > CLOCKS_DIFFER_MS) return null;
    return remember(key, secretBox.open(found.value, context(key)).toString(), madeAtMs);
  };

  /** True when this process is the one to make it. */
  const claim = async (key: string): Promise<boolean> => {
    const at = new Date(now());
    await shared.updateOne({ _id: key }, { $setOnInsert: { _id: key } }, { upsert: true });
    const { matchedCount } = await shared.updateOne(
      {
        _id: key,
        $or: [
          { makingSince: { $exists: false } },
          { makingSince: { $lt: new Date(at.getTime() - MAKING_MS) } },
          // Its clock was wrong, and it may have died since.
          { makingSince: { $gt: new Date(at.getTime() + CLOCKS_DIFFER_MS) } },
        ],
      },
      { $set: { makingSince: at } },
    );
    return matchedCount === 1;
  };

  const makeAndShare = async (key: string, make: () => Promise<string>): Promise<string> => {
    try {
      const value = await make();
      const madeAt = new Date(now());
      await shared.updateOne(
        { _id: key },
        {
          $set: { value: secretBox.seal(value, context(key)), madeAt },
          $unset: { makingSince: '' },
        },
      );
      return remember(key, value, madeAt.getTime());
    } catch (error) {
      await shared.updateOne({ _id: key }, { $unset: { makingSince: '' } });
      throw error;
    }
  };

  const obtain = async (
    key: string,
    renewAfterMs: number,
    make: () => Promise<string>,
  ): Promise<string> => {
    for (;;) {
      const kept = await read(key, renewAfterMs);
      if (kept != null) return kept;
      if (await claim(key)) {
        // Between the look and the claim somebody may have finished.
        const kept = await read(key, renewAfterMs);
        if (kept == null) return makeAndShare(key, make);
        await shared.updateOne({ _id: key }, { $unset: { makingSince: '' } });
        return kept;
      }
      await setTimeout(ASK_AGAIN_MS);
    }
  };

  return {
    get(key, renewAfterMs, make) {
      const known = memory.get(key);
      const isFresh =
        known != null &&
        now() - known.madeAtMs < renewAfterMs &&
        now() - known.readAtMs < MEMORY_MS;
      if (isFresh) return Promise.resolve(known.value);
      const running = asking.get(key);
      if (running != null) return running;
      const asked = obtain(key, renewAfterMs, make).finally(() => asking.delete(key));
      asking.set(key, asked);
      return asked;
    },
    async drop(key, value) {
      if (memory.get(key)?.value === value) memory.delete(key);
      const found = await shared.findOne({ _id: key });
      if (found?.value == null) return;
      if (secretBox.open(found.value, context(key)).toString() !== value) return;
      await shared.updateOne(
        { _id: key, value: found.value },
        { $unset: { value: '', madeAt: '' } },
      );
    },
  };
};
