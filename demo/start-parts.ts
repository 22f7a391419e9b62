/** Starts what the demo needs on this machine: MongoDB, the simulators, the gateway. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Closing } from '../server/closing.js';
import { type Config, readConfig, userCacheDir } from '../server/config.js';
import { startEmbeddedMongo } from '../server/embedded-mongo/index.js';
import { loadKeys } from '../server/key-files.js';
import { createLogger } from '../server/logger.js';
import { type Gateway, startGateway } from '../server/start.js';
import { type Simulators, startSimulators } from '../simulators/index.js';
import { freePort } from './free-port.js';
import type { Options } from './options.js';

const HOST = '127.0.0.1';

export interface Parts {
  readonly url: string;
  readonly operatorKey: string;
  readonly simulators: Simulators;
}

/** From settings of its own: the environment of whoever tries the demo must not reach into it. */
const demoConfig = (dataDir: string, port: number): Config =>
  Object.freeze({
    ...readConfig({
      PORT: String(port),
      HOST,
      PIGEONPOST_DATA_DIR: dataDir,
      // The simulators are on loopback.
      PIGEONPOST_ALLOW_PRIVATE_ENDPOINTS: 'on',
    }),
    cacheDir: userCacheDir(),
  });

const startMongo = async (
  { dataDir, cacheDir }: Config,
  closing: Closing,
  say: (line: string) => void,
): Promise<string> => {
  const mongo = await startEmbeddedMongo({ dataDir, cacheDir, log: { info: say, warn: say } });
  await closing.add('MongoDB', () => mongo.stop());
  return mongo.nearUri;
};

const startVendors = async (
  dataDir: string,
  closing: Closing,
  say: (line: string) => void,
): Promise<Simulators> => {
  const simulators = await startSimulators({ host: HOST, folder: join(dataDir, 'simulators') });
  await closing.add('the simulators', () => simulators.close());
  const { fcm, apns, harmony } = simulators;
  say(`Simulators: FCM ${fcm.url}, APNs ${apns.url}, Harmony ${harmony.url}`);
  return simulators;
};

const startServer = async (
  config: Config,
  closing: Closing,
  say: (line: string) => void,
): Promise<Gateway> => {
  const logFile = join(config.dataDir, 'gateway.log');
  const stream = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  await closing.add('the log', () => new Promise((resolve) => stream.end(resolve)));
  const logger = createLogger({ level: config.logLevel, stream });
  const gateway = await startGateway({ config, logger });
  await closing.add('the gateway', () => gateway.stop());
  say(`Gateway: ${gateway.url}, log in ${logFile}`);
  return gateway;
};

/** What was started before something failed is in `closing`. */
export const startParts = async (
  { dataDir, port: wanted }: Options,
  closing: Closing,
  say: (line: string) => void,
): Promise<Parts> => {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const { port, isOther } = await freePort(wanted, HOST);
  if (isOther) say(`Port ${wanted} is taken, so the gateway listens on ${port}`);
  const config = demoConfig(dataDir, port);
  const mongodbUri = await startMongo(config, closing, say);
  const simulators = await startVendors(dataDir, closing, say);
  const { masterKey, operatorKey } = await loadKeys(config);
  const { url } = await startServer(
    { ...config, mongodbUri, masterKey, operatorKey },
    closing,
    say,
  );
  return { url, operatorKey, simulators };
};
