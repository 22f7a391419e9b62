/** Opened hash secrets of apps, kept in memory: they never change. */
import type { mongo } from 'mongoose';
import { type App, hashSecretContext } from '../models/app.js';
import type { SecretBox } from '../models/secret-box.js';

export type AppSecrets = (app: string) => Promise<Buffer>;

/** Rejects for an app that does not exist. */
export const createAppSecrets = (db: mongo.Db, secretBox: SecretBox): AppSecrets => {
  const opened = new Map<string, Buffer>();
  return async (app) => {
    const known = opened.get(app);
    if (known != null) return known;
    const found = await db.collection<App>('apps').findOne({ _id: app });
    if (found == null) throw new Error(`The app ${app} does not exist`);
    const secret = secretBox.open(found.hashSecret, hashSecretContext(app));
    opened.set(app, secret);
    return secret;
  };
};
