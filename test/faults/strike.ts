/** Lets the fault of a row strike while its task is on its way, and says which gateway goes on. */
import type { ArmedGateway } from './gateways.js';
import type { PrivateMongod } from './private-mongod.js';
import {
  CALLER_FAULTS,
  type CallerFault,
  DATABASE_FAULTS,
  type DatabaseFault,
  PROCESS_FAULTS,
  type ProcessFault,
  type Row,
} from './row.js';
import type { RowMongod, Stage } from './stage.js';
import { strikeByCaller } from './strike-by-caller.js';
import { strikeDatabase } from './strike-database.js';
import { strikeProcess } from './strike-process.js';

export interface Struck {
  /** The gateway that goes on. */
  readonly heir: ArmedGateway;
  /** Once the task has ended: whoever was stopped goes on, and must do no harm. */
  afterwards?(): Promise<void>;
}

/** Breaks something while the task is on its way. */
export type Strike<Mongod extends RowMongod = RowMongod> = (
  row: Row,
  stage: Stage<Mongod>,
  send: Send,
) => Promise<Struck>;

/** Gives the task to the first gateway, once; resolves with its id, or undefined when there was no answer. */
export type Send = () => Promise<string | undefined>;

const isOneOf = <Fault extends string>(faults: readonly Fault[], fault: string): fault is Fault =>
  (faults as readonly string[]).includes(fault);

export const strike: Strike<PrivateMongod> = async (row, stage, send) => {
  const { fault } = row;
  if (fault == null) {
    await send();
    return { heir: stage.first };
  }
  if (isOneOf<ProcessFault>(PROCESS_FAULTS, fault)) return strikeProcess(fault, row, stage, send);
  if (isOneOf<DatabaseFault>(DATABASE_FAULTS, fault))
    return strikeDatabase(fault, row, stage, send);
  if (isOneOf<CallerFault>(CALLER_FAULTS, fault)) return strikeByCaller(fault, row, stage, send);
  throw new Error('No such fault');
};
