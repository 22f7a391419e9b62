/** Which MongoDB a binary is, asked of the binary itself: that also shows that it runs on this machine. */
import { runProgram } from './run-program.js';

const OLDEST_MAJOR = 6;
const VERSION_TIMEOUT_MS = 15_000;

/** `6.0.5`; rejects when the program is missing, does not run here or is no mongod. */
export const mongodVersion = async (command: string): Promise<string> => {
  const said = await runProgram(command, ['--version'], VERSION_TIMEOUT_MS);
  const version = /db version v(\d+\.\d+\.\d+)/.exec(said)?.[1];
  if (version == null) throw new Error(`${command} --version names no version`);
  return version;
};

/** Servers of one series (`6.0`) read each other's data. */
export const seriesOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/** Transactions and change streams are used as MongoDB 6.0 has them. */
export const isSupported = (version: string): boolean =>
  Number(version.split('.')[0]) >= OLDEST_MAJOR;
