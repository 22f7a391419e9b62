/** Opens the connection to MongoDB that everything shares. */
import mongoose, { type Connection } from 'mongoose';

const DATABASE = 'pigeonpost';
const APP_NAME = 'pigeonpost';
const SERVER_SELECTION_MS = 5_000;

/** Not open yet: wait for `asPromise()`. A URI that names no database means ours. */
export const openConnection = (uri: string, onError: (error: unknown) => void): Connection => {
  const namesDatabase = /^[^?]*\/\/[^/]+\/[^/?]+/.test(uri);
  const connection = mongoose.createConnection(uri, {
    serverSelectionTimeoutMS: SERVER_SELECTION_MS,
    autoIndex: false,
    ...(namesDatabase ? {} : { dbName: DATABASE }),
    // By it the transactions of a gateway that died are known (models/abandoned-transactions.ts).
    ...(/[?&]appName=/i.test(uri) ? {} : { appName: APP_NAME }),
  });
  // Without a listener the error of a connection that comes and goes would end the process.
  connection.on('error', onError);
  return connection;
};
