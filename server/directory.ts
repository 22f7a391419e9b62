/** Keys and apps by id, kept in memory for two seconds: every request asks for both. */
import { LRUCache } from 'lru-cache';
import type { Connection } from 'mongoose';
import { type App, appModel } from '../models/app.js';
import { type Key, keyModel } from '../models/key.js';

/** A key revoked, or an app changed, in another process is seen after this. */
const KEPT_MS = 2_000;
const KEPT_ENTRIES = 10_000;

export type KnownKey = Pick<Key, '_id' | 'app' | 'scopes' | 'hash'>;

export interface Directory {
  /** Null for an unknown or revoked key. */
  key(id: string): Promise<KnownKey | null>;
  app(id: string): Promise<App | null>;
  forgetKey(id: string): void;
  forgetApp(id: string): void;
}

export const directory = (connection: Connection): Directory => {
  const keys = new LRUCache<string, KnownKey>({ max: KEPT_ENTRIES, ttl: KEPT_MS });
  const apps = new LRUCache<string, App>({ max: KEPT_ENTRIES, ttl: KEPT_MS });
  // What does not exist is not remembered: it may be created by another process at any moment.
  return {
    async key(id) {
      const known = keys.get(id);
      if (known != null) return known;
      const found = await keyModel(connection).findOne({ _id: id, revokedAt: null });
      if (found == null) return null;
      const { app, scopes, hash } = found;
      const key = { _id: id, app, scopes: [...scopes], hash: Buffer.from(hash) };
      keys.set(id, key);
      return key;
    },
    async app(id) {
      const known = apps.get(id);
      if (known != null) return known;
      const app = await appModel(connection).findById(id).lean();
      if (app != null) apps.set(id, app);
      return app;
    },
    forgetKey: (id) => void keys.delete(id),
    forgetApp: (id) => void apps.delete(id),
  };
};
