/** A device of an audience on its way into a batch, and what is needed to find it. */
import type { mongo, Types } from 'mongoose';
import type { Vendor } from '../adapters/adapter.js';
import type { DeviceView, JudgedDevice } from './eligibility.js';
import type { Priority } from './priority.js';
import type { Reads } from './reads.js';

/** One device of an audience, registered or not. */
export interface Candidate {
  readonly id: Types.ObjectId;
  /** Absent when it is not registered (any more). */
  readonly device?: JudgedDevice;
  /** For a token that is not registered, as the caller named it. */
  readonly raw?: { readonly vendor?: string; readonly profile: string; readonly token: string };
  readonly accountKey?: Buffer;
  /** Of a recall: how it got the push. */
  readonly sentBy?: { readonly vendor: string; readonly profile: string; readonly sentAt: Date };
  readonly data?: Record<string, string>;
}

export interface AudienceContext {
  readonly db: mongo.Db;
  readonly reads: Reads;
  readonly priority: Pick<Priority, 'giveWay' | 'pieceDevices'>;
  readonly app: string;
  /** The app's opened hash secret. */
  readonly secret: Buffer;
  /** A token may be given without its vendor; each vendor's schema says how it would write the token. */
  readonly vendors: ReadonlyMap<string, Pick<Vendor, 'token'>>;
}

export const devicesOf = (db: mongo.Db): mongo.Collection<DeviceView> =>
  db.collection<DeviceView>('devices');

/** Devices of other apps are as unknown as none: a report must not tell anything of them. */
