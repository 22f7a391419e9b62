/** Opens the connection to MongoDB that everything shares. */
import mongoose, { type Connection } from 'mongoose';
import '../models/no-lost-commands.js';

const DATABASE = 'pigeonpost';
const APP_NAME = 'pigeonpost';
const SERVER_SELECTION_MS = 5_000;
/** A server that hangs (a stopped process, a network that swallows packets) is given up after both together. */
const HEARTBEAT_MS = 5_000;
const CONNECT_MS = 5_000;

/** What the promises rest on: no URI takes it away. */
const SAFE = {
  // What a primary alone has written is lost when another node is elected.
  writeConcern: { w: 'majority' },
  // Of a secondary one may read what is no longer so: an old consent, an old fence.
  readPreference: 'primary',
  // An election is no reason to fail.
  retryWrites: true,
  retryReads: true,
} as const;

/** Not open yet: wait for `asPromise()`. A URI that names no database means ours. */
export const openConnection = (uri: string, onError: (error: unknown) => void): Connection => {
  const namesDatabase = /^[^?]*\/\/[^/]+\/[^/?]+/.test(uri);
  const connection = mongoose.createConnection(uri, {
    serverSelectionTimeoutMS: SERVER_SELECTION_MS,
    heartbeatFrequencyMS: HEARTBEAT_MS,
    connectTimeoutMS: CONNECT_MS,
    autoIndex: false,
    ...SAFE,
    ...(namesDatabase ? {} : { dbName: DATABASE }),
    // By it the transactions of a gateway that died are known (models/abandoned-transactions.ts).
    ...(/[?&]appName=/i.test(uri) ? {} : { appName: APP_NAME }),
  });
  // Without a listener the error of a connection that comes and goes would end the process.
  connection.on('error', onError);
  return connection;
};
