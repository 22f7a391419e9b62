/** The lists of large audiences, kept only until they are planned. */
import type { mongo, Types } from 'mongoose';
import type { AccountItem, TokenItem } from './task.js';

export interface AudienceList {
  /** The task. */
  _id: Types.ObjectId;
  tokens?: TokenItem[];
  devices?: string[];
  accounts?: AccountItem[];
}

export const audienceLists = (db: mongo.Db): mongo.Collection<AudienceList> =>
  db.collection<AudienceList>('audiences');
