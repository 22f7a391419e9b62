/** What the command line of the check says. */
import { parseArgs } from 'node:util';
import { Types } from 'mongoose';
import { instant, objectId } from './schemas/values.js';

export const CHECK_BOOKS_USAGE = `npm run check-books -- [options]

Proves for every task that its counts equal its rows and that nothing of it hangs. May run beside a gateway.
Reads MONGODB_URI, or the data folder of the embedded MongoDB (PIGEONPOST_DATA_DIR).

  --app <id>          only tasks of this app
  --task <id>         only this task
  --since <instant>   only tasks created since then, such as 2027-02-28T00:00:00Z
  --fix               mend what can be mended; without it, nothing is changed
  --from <place>      go on where a check was interrupted: it says where
  --json              one JSON document a line, for programs
  --help

Ends with 0 when the books balance or everything was mended, 1 when findings are left, 2 when they could not be checked.`;

export interface CheckBooksOptions {
  readonly app?: string;
  readonly task?: Types.ObjectId;
  readonly since?: Date;
  readonly fix: boolean;
  readonly from?: string;
  readonly json: boolean;
  readonly help: boolean;
}

const taskOf = (text: string): Types.ObjectId => {
  if (objectId.validate(text).error != null) throw new Error('--task must be 24 hex digits');
  return new Types.ObjectId(text);
};

const instantOf = (text: string): Date => {
  const { value, error } = instant.validate(text) as { value: Date; error?: Error };
  if (error != null) throw new Error('--since must be an instant such as 2027-02-28T00:00:00Z');
  return value;
};

/** Throws an error whose message is fit to show. */
export const readCheckBooksOptions = (args: readonly string[]): CheckBooksOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      app: { type: 'string' },
      task: { type: 'string' },
      since: { type: 'string' },
      fix: { type: 'boolean', default: false },
      from: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { app, task, since, from, fix, json, help } = values;
  return {
    ...(app == null ? {} : { app }),
    ...(task == null ? {} : { task: taskOf(task) }),
    ...(since == null ? {} : { since: instantOf(since) }),
    ...(from == null ? {} : { from }),
    fix,
    json,
    help,
  };
};
