/** Finds devices of an app for the API, page by page in the order of ids. */
import type { mongo, Types } from 'mongoose';
import type { Device } from './device.js';
import { devicesIn } from './device-store.js';

export interface DeviceFilter {
  account?: string;
  tag?: string;
  /** Hashes of a token, one for each vendor that may have given it. */
  tokenKeys?: readonly Buffer[];
  vendor?: string;
}

export interface PageOptions {
  after?: Types.ObjectId;
  limit: number;
}

export const findDevices = (
  db: mongo.Db,
  app: string,
  { account, tag, tokenKeys, vendor }: DeviceFilter,
  { after, limit }: PageOptions,
): Promise<Device[]> =>
  devicesIn(db)
    .find(
      {
        app,
        ...(account == null ? {} : { account }),
        ...(tag == null ? {} : { tags: tag }),
        ...(tokenKeys == null ? {} : { tokenKey: { $in: [...tokenKeys] } }),
        ...(vendor == null ? {} : { vendor }),
        ...(after == null ? {} : { _id: { $gt: after } }),
      },
      { promoteBuffers: true },
    )
    .sort({ _id: 1 })
    .limit(limit)
    .toArray();

export const findDevice = (db: mongo.Db, app: string, id: Types.ObjectId): Promise<Device | null> =>
  devicesIn(db).findOne({ _id: id, app }, { promoteBuffers: true });

/** Of many names at once: some devices, or those of some accounts. */
export type ManyNames =
  | { readonly devices: readonly Types.ObjectId[] }
  | { readonly accounts: readonly string[] };

export const findNamed = (
  db: mongo.Db,
  app: string,
  names: ManyNames,
  { after, limit }: PageOptions,
): Promise<Pick<Device, '_id' | 'account' | 'tags'>[]> =>
  devicesIn(db)
    .find(
      {
        app,
        ...('devices' in names ? {} : { account: { $in: [...names.accounts] } }),
        ...('devices' in names || after != null
          ? {
              _id: {
                ...('devices' in names ? { $in: [...names.devices] } : {}),
                ...(after == null ? {} : { $gt: after }),
              },
            }
          : {}),
      },
      { projection: { account: 1, tags: 1 } },
    )
    .sort({ _id: 1 })
    .limit(limit)
    .toArray();
