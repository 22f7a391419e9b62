/** Why a mongod did not start, read from its exit code and its log. */
import { open, stat } from 'node:fs/promises';
import { EmbeddedMongoError } from './errors.js';
import { LOOPBACK } from './port.js';

// https://www.mongodb.com/docs/manual/reference/exit-codes/
const PORT_TAKEN_EXIT = 48;
const OTHER_VERSION_EXIT = 62;
const OTHER_VERSION = /IncompatibleServerVersion|Wrong mongod version|unsupported WiredTiger file/;
const LOG_TAIL_BYTES = 64 * 1024;
const SHOWN_LINES = 5;

type StartFailure = 'DATA_IN_USE' | 'DATA_VERSION' | 'PORT_TAKEN' | 'START_FAILED';

export interface FailedStart {
  exitCode: number | null;
  port: number;
  mongoPath: string;
  logPath: string;
  /** Size of the log before the start. */
  logStartBytes: number;
  mongodVersion: string;
}

export const logBytes = async (logPath: string): Promise<number> =>
  stat(logPath).then(
    (file) => file.size,
    () => 0,
  );

const logSince = async ({ logPath, logStartBytes }: FailedStart): Promise<string> => {
  const file = await open(logPath).catch(() => null);
  if (file == null) return '';
  try {
    const { size } = await file.stat();
    const from = Math.max(logStartBytes, size - LOG_TAIL_BYTES);
    const { buffer } = await file.read(Buffer.alloc(Math.max(size - from, 0)), 0, null, from);
    return buffer.toString('utf8');
  } finally {
    await file.close();
  }
};

const failureOf = (exitCode: number | null, log: string): StartFailure => {
  if (exitCode === PORT_TAKEN_EXIT) return 'PORT_TAKEN';
  if (exitCode === OTHER_VERSION_EXIT || OTHER_VERSION.test(log)) return 'DATA_VERSION';
  return log.includes('DBPathInUse') ? 'DATA_IN_USE' : 'START_FAILED';
};

const explain = (failure: StartFailure, start: FailedStart, log: string): string => {
  const { port, mongoPath, logPath, mongodVersion } = start;
  switch (failure) {
    case 'PORT_TAKEN':
      return portTaken(port).message;
    case 'DATA_VERSION':
      return (
        `MongoDB ${mongodVersion} cannot read the data in ${mongoPath}, for another version wrote it. Put that ` +
        'version on PATH, or dump the data with it and restore it into an empty folder'
      );
    case 'DATA_IN_USE':
      return (
        `The data in ${mongoPath} is in use by another mongod. Stop that one, or set PIGEONPOST_DATA_DIR to ` +
        'another folder'
      );
    case 'START_FAILED': {
      const end = log.trim().split('\n').slice(-SHOWN_LINES).join('\n');
      return `MongoDB did not start (exit code ${start.exitCode ?? 'unknown'}). The end of ${logPath}:\n${end}`;
    }
  }
};

export const portTaken = (port: number): EmbeddedMongoError =>
  new EmbeddedMongoError(
    'PORT_TAKEN',
    `Port ${port} on ${LOOPBACK} is taken by another program: stop that one, or let MongoDB choose a free port`,
  );

/** `cause`: what was noticed first, which is seldom the reason. */
export const startFailure = async (
  start: FailedStart,
  cause: unknown,
): Promise<EmbeddedMongoError> => {
  const log = await logSince(start);
  const failure = failureOf(start.exitCode, log);
  return new EmbeddedMongoError(failure, explain(failure, start, log), { cause });
};
