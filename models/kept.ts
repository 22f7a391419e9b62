/** Keeps for a moment what was read of the database and every request asks for: callers share a read, and rarely wait for one. */
import { LRUCache } from 'lru-cache';

export interface Kept<Value> {
  /** Null for what does not exist, which is not remembered: somebody may create it at any moment. */
  get(key: string): Promise<Value | null>;
  /** Who asks from now on gets what is read from now on. */
  forget(key: string): void;
  clear(): void;
}

export interface KeptOptions {
  /** What another process has changed is seen after so long, in milliseconds. */
  readonly keptMs: number;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
}

interface Entry<Value> {
  readonly value: Value;
  /** When the read began. */
  readonly readAtMs: number;
}

const MOST_KEYS = 10_000;

export const createKept = <Value extends object>(
  read: (key: string) => Promise<Value | null>,
  { keptMs, monotonic }: KeptOptions,
): Kept<Value> => {
  const entries = new LRUCache<string, Entry<Value>>({ max: MOST_KEYS });
  const reading = new Map<string, Promise<Value | null>>();

  const readNow = async (key: string, isLatest: () => boolean): Promise<Value | null> => {
    const readAtMs = monotonic();
    const value = await read(key);
    if (isLatest() && value != null) entries.set(key, { value, readAtMs });
    if (isLatest() && value == null) entries.delete(key);
    return value;
  };

  const readTogether = (key: string): Promise<Value | null> => {
    const running = reading.get(key);
    if (running != null) return running;
    const begun: Promise<Value | null> = readNow(key, () => reading.get(key) === begun).finally(
      () => {
        if (reading.get(key) === begun) reading.delete(key);
      },
    );
    reading.set(key, begun);
    return begun;
  };

  return {
    async get(key) {
      const entry = entries.get(key);
      const ageMs = entry == null ? Number.POSITIVE_INFINITY : monotonic() - entry.readAtMs;
      if (entry == null || ageMs >= keptMs) return readTogether(key);
      // In time for who asks next; when it fails, they read themselves and hear of it.
      if (ageMs >= keptMs / 2) readTogether(key).catch(() => undefined);
      return entry.value;
    },
    forget(key) {
      entries.delete(key);
      reading.delete(key);
    },
    clear() {
      entries.clear();
      reading.clear();
    },
  };
};
