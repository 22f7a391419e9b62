/** A MongoDB for gateways that share it, as several machines would. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Closing } from '../server/closing.js';
import { startEmbeddedMongo } from '../server/embedded-mongo/index.js';
import { type RunningGateway, startGatewayOn } from './gateway-process.js';
import { readFamily } from './process-figures.js';

export interface SharedDatabase {
  readonly mongodPid: number;
  /** Of all its gateways. */
  readonly operatorKey: string;
  start(settings?: Readonly<Record<string, string>>): Promise<RunningGateway>;
}

export const startSharedDatabase = async (
  folder: string,
  closing: Closing,
): Promise<SharedDatabase> => {
  const log = { info: () => undefined, warn: () => undefined };
  const mongo = await startEmbeddedMongo({ dataDir: join(folder, 'mongo'), log });
  await closing.add('MongoDB', () => mongo.stop());
  const mongod = (await readFamily(process.pid)).find(({ name }) => name === 'mongod');
  if (mongod == null) throw new Error('There is no mongod');
  const operatorKey = `operator.${randomBytes(32).toString('base64url')}`;
  const shared = {
    MONGODB_URI: mongo.nearUri,
    PIGEONPOST_MASTER_KEY: randomBytes(32).toString('base64url'),
    PIGEONPOST_OPERATOR_KEY: operatorKey,
  };
  return {
    mongodPid: mongod.pid,
    operatorKey,
    start: (settings = {}) =>
      startGatewayOn(
        { dataDir: join(folder, 'data'), settings: { ...shared, ...settings } },
        closing,
      ),
  };
};
