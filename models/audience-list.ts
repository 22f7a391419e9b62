/** The lists of large audiences, kept only until they are planned. */
import type { mongo, Types } from 'mongoose';
import type { AccountItem, Exclude, TokenItem } from './task.js';

export interface AudienceList {
  /** The task. */
  _id: Types.ObjectId;
  tokens?: TokenItem[];
  devices?: string[];
  accounts?: AccountItem[];
  /** Of an audience that is found by a query. */
  exclude?: Omit<Exclude, 'where'>;
}

export const audienceLists = (db: mongo.Db): mongo.Collection<AudienceList> =>
  db.collection<AudienceList>('audiences');
