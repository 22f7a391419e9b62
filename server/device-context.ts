/** What the models need to know of a request about devices. */
import type { Connection, Types } from 'mongoose';
import { openHashSecret } from '../models/app-secrets.js';
import { dbOf } from '../models/database.js';
import type { Device } from '../models/device.js';
import { findDevice } from '../models/device-queries.js';
import { DEVICES_PER_ACCOUNT } from '../models/limits.js';
import type { Caller } from './middleware/authentication.js';
import type { ApiParts } from './parts.js';
import { problem } from './problems.js';
import type { Call } from './route.js';

export interface DeviceContext {
  readonly connection: Connection;
  readonly app: string;
  readonly by: string;
  readonly now: Date;
  readonly hashSecret: Buffer;
  readonly devicesPerAccount: number;
}

export const deviceContext = (
  { connection, adapters, secretBox }: ApiParts,
  { app, caller }: Pick<Call, 'app' | 'caller'>,
): DeviceContext => ({
  connection,
  app: app._id,
  by: caller.keyId,
  now: new Date(adapters.now()),
  hashSecret: openHashSecret(secretBox, app),
  devicesPerAccount: app.devicesPerAccount ?? DEVICES_PER_ACCOUNT,
});

/** A key inside a mobile app: it speaks for the token it presents, and for nothing else. */
export const isClient = ({ scopes }: Caller): boolean =>
  scopes !== 'all' && !scopes.includes('devices:write');

/** Throws NOT_FOUND. */
export const deviceOf = async (
  { connection }: ApiParts,
  app: string,
  id: Types.ObjectId,
): Promise<Device> => {
  const device = await findDevice(dbOf(connection), app, id);
  if (device == null) throw problem('NOT_FOUND');
  return device;
};
