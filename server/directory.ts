/** Keys and apps by id, kept in memory for two seconds: every request asks for both. */
import type { Connection } from 'mongoose';
import { type App, appModel } from '../models/app.js';
import { createKept } from '../models/kept.js';
import { type Key, keyModel } from '../models/key.js';

/** A key revoked, or an app changed, in another process is seen after this. */
const KEPT_MS = 2_000;

export type KnownKey = Pick<Key, '_id' | 'app' | 'scopes' | 'hash'>;

export interface Directory {
  /** Null for an unknown or revoked key. */
  key(id: string): Promise<KnownKey | null>;
  app(id: string): Promise<App | null>;
  forgetKey(id: string): void;
  forgetApp(id: string): void;
}

export const directory = (connection: Connection): Directory => {
  const options = { keptMs: KEPT_MS, monotonic: () => performance.now() };
  const keys = createKept<KnownKey>(async (id) => {
    const found = await keyModel(connection).findOne({ _id: id, revokedAt: null });
    if (found == null) return null;
    const { app, scopes, hash } = found;
    return { _id: id, app, scopes: [...scopes], hash: Buffer.from(hash) };
  }, options);
  const apps = createKept<App>((id) => appModel(connection).findById(id).lean(), options);
  return {
    key: (id) => keys.get(id),
    app: (id) => apps.get(id),
    forgetKey: (id) => keys.forget(id),
    forgetApp: (id) => apps.forget(id),
  };
};
