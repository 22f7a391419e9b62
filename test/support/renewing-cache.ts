/** A credential cache that forgets what is old, by the clock of a test. */
import type { CredentialCache } from '../../adapters/adapter.js';

export const renewingCache = (now: () => number): CredentialCache => {
  const kept = new Map<string, { value: string; atMs: number }>();
  return {
    async get(key, renewAfterMs, make) {
      const entry = kept.get(key);
      if (entry && now() - entry.atMs < renewAfterMs) return entry.value;
      const value = await make();
      kept.set(key, { value, atMs: now() });
      return value;
    },
    async drop(key, value) {
      // Others get a turn first, as they do while a database answers.
      await new Promise((resolve) => setImmediate(resolve));
      if (kept.get(key)?.value === value) kept.delete(key);
    },
  };
};
