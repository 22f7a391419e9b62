/** The database fails in the middle of a task: commands do, or all of it. */
import { reach } from './place.js';
import type { CommandFailure, PrivateMongod } from './private-mongod.js';
import type { DatabaseFault, Row } from './row.js';
import type { Stage } from './stage.js';
import type { Send, Struck } from './strike.js';

/** Of the next commands; what is lost behind a proxy or with the whole mongod is no such failure. */
export const COMMAND_FAILURES: Record<
  Exclude<DatabaseFault, 'mongod killed' | 'commit answer lost'>,
  CommandFailure & { times: number }
> = {
  'commit cut': { failCommands: ['commitTransaction'], closeConnection: true, times: 3 },
  'commit denied': {
    failCommands: ['commitTransaction'],
    // UnsatisfiableWriteConcern, about which the driver does not ask again.
    writeConcernError: { code: 100, errmsg: 'Not enough members' },
    times: 1,
  },
  'write conflicts': {
    failCommands: ['insert', 'update', 'findAndModify'],
    errorCode: 112,
    errorLabels: ['TransientTransactionError'],
    times: 20,
  },
  'inserts cut': { failCommands: ['insert'], closeConnection: true, times: 5 },
  'updates cut': { failCommands: ['update'], closeConnection: true, times: 5 },
};

/** The gateway that was under way goes on by itself. */
export const strikeDatabase = async (
  fault: DatabaseFault,
  row: Row,
  stage: Stage<PrivateMongod>,
  send: Send,
): Promise<Struck> => {
  const { first, mongod, name, proxy } = stage;
  // Before the place is reached: what is held there must not be held for long.
  await mongod.takeTurn(name);
  await reach(row, stage, send);
  if (fault === 'mongod killed') {
    await mongod.kill();
    first.release();
    await mongod.start();
    return { heir: first };
  }
  if (fault === 'commit answer lost') proxy?.loseCommitAnswers(2);
  else await mongod.fail(name, COMMAND_FAILURES[fault]);
  first.release();
  return { heir: first };
};
