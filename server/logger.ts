/** The log: one JSON object a line, cleaned of secrets here and not by each author. */
import winston from 'winston';
import { redact } from './redact.js';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `child({ requestId })` and `child({ taskId })` make loggers that write these fields in every line. */
export type Logger = winston.Logger;

export interface LoggerOptions {
  level: LogLevel;
  /** Default: standard output. */
  stream?: NodeJS.WritableStream;
}

// The names under which winston looks for a line's level and its finished text.
const LEVEL = Symbol.for('level');
const MESSAGE = Symbol.for('message');

type Info = winston.Logform.TransformableInfo;

/** An error that was logged itself has its text where no enumeration finds it. */
const fieldsOf = (info: Info): Record<string, unknown> =>
  info instanceof Error
    ? { ...info, message: info.message, stack: info.stack, cause: info.cause }
    : { ...info };

const lineOf = (info: Info): string => {
  const { level, message, ...fields } = fieldsOf(info);
  return JSON.stringify({
    time: new Date().toISOString(),
    level,
    ...(redact({ message, ...fields }) as object),
  });
};

const redactedJson = winston.format((info) => ({
  level: info.level,
  message: '',
  [LEVEL]: info[LEVEL],
  [MESSAGE]: lineOf(info),
}));

/** `error(text, { error })` keeps the error's stack and all its causes. */
export const createLogger = ({ level, stream = process.stdout }: LoggerOptions): Logger =>
  winston.createLogger({
    level: level === 'silent' ? 'error' : level,
    silent: level === 'silent',
    format: redactedJson(),
    transports: [new winston.transports.Stream({ stream, eol: '\n' })],
  });
