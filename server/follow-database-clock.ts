/** Lets the shared clock hear the database's: once before anything else, and then with every heartbeat of the driver. */
import type { Connection, mongo } from 'mongoose';
import { dbOf } from '../models/database.js';
import type { SharedClock } from './shared-clock.js';

const timeIn = ({ isWritablePrimary, localTime }: mongo.Document): number | undefined =>
  isWritablePrimary === true && localTime instanceof Date ? localTime.getTime() : undefined;

/** Nodes that may be elected have clocks of their own; the primary's is the one that counts. */
export const followDatabaseClock = async (
  connection: Connection,
  clock: Pick<SharedClock, 'read'>,
): Promise<void> => {
  const hear = (hello: mongo.Document): void => {
    const timeMs = timeIn(hello);
    if (timeMs != null) clock.read(timeMs);
  };
  hear(await dbOf(connection).command({ hello: 1 }));
  connection.getClient().on('serverHeartbeatSucceeded', ({ reply }) => hear(reply));
};
