/** `npm run check-books`: the check as a command, for a database or a data folder, with or without a gateway beside it. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection } from 'mongoose';
import { booksOf } from '../jobs/books/books.js';
import { checkBooks } from '../jobs/books/check-books.js';
import type { Finding } from '../jobs/books/finding.js';
import { findingLine, leftOf, summaryLine } from './books-report.js';
import {
  CHECK_BOOKS_USAGE,
  type CheckBooksOptions,
  readCheckBooksOptions,
} from './check-books-options.js';
import { Closing } from './closing.js';
import { type DatabaseConfig, readDatabaseConfig } from './config.js';
import { EmbeddedMongoError, startEmbeddedMongo } from './embedded-mongo/index.js';
import { runningMongoUri } from './embedded-mongo/port-file.js';
import { openConnection } from './open-connection.js';
import { redactText } from './redact-text.js';

const LEFT = 1;
const NOT_CHECKED = 2;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`${line}\n`);
const messageOf = (error: unknown): string =>
  redactText(error instanceof Error ? error.message : String(error));

/** The gateway's own mongod if it runs, else one of ours for as long as the check takes. */
const embeddedUri = async (
  { dataDir, cacheDir }: DatabaseConfig,
  closing: Closing,
): Promise<string> => {
  await access(join(dataDir, 'mongo')).catch(() => {
    throw new Error(
      `There is no data in ${dataDir}. Set MONGODB_URI or PIGEONPOST_DATA_DIR as the gateway has it`,
    );
  });
  const log = { info: () => undefined, warn: complain };
  try {
    const embedded = await startEmbeddedMongo({ dataDir, cacheDir, log });
    await closing.add('embedded MongoDB', () => embedded.stop());
    return embedded.uri;
  } catch (error) {
    if (!(error instanceof EmbeddedMongoError) || error.code !== 'DATA_IN_USE') throw error;
    const uri = await runningMongoUri(dataDir);
    if (uri != null) return uri;
    throw new Error(
      `${error.message}. Its MongoDB does not answer here: ask the gateway itself with POST /v1/books/check, or stop it first`,
      { cause: error },
    );
  }
};

const connect = async (closing: Closing): Promise<Connection> => {
  const config = readDatabaseConfig();
  const uri = config.mongodbUri ?? (await embeddedUri(config, closing));
  const connection = openConnection(uri, () => undefined);
  await closing.add('database connection', () => connection.close());
  return connection.asPromise();
};

const tell = (finding: Finding, { fix, json }: CheckBooksOptions): void =>
  say(json ? JSON.stringify({ finding }) : findingLine(finding, { fix }));

/** Whether nothing is left to do. */
const check = async (options: CheckBooksOptions, connection: Connection): Promise<boolean> => {
  const { app, task, since, fix, from, json } = options;
  const filter = {
    ...(app == null ? {} : { app }),
    ...(task == null ? {} : { task }),
    ...(since == null ? {} : { since }),
  };
  const books = booksOf(connection);
  const startedAt = performance.now();
  const findings: Finding[] = [];
  const totals = { tasks: 0, batches: 0, rows: 0 };
  for (let place = from ?? 'storage', next: string | undefined = place; next != null; ) {
    place = next;
    try {
      const stretch = await checkBooks(books, { filter, fix, place });
      for (const finding of stretch.findings) tell(finding, options);
      findings.push(...stretch.findings);
      for (const name of ['tasks', 'batches', 'rows'] as const) totals[name] += stretch[name];
      next = stretch.next;
    } catch (error) {
      throw new Error(`${messageOf(error)}. Go on with --from ${place}`, { cause: error });
    }
  }
  const all = { ...totals, elapsedMs: performance.now() - startedAt };
  const left = leftOf(findings).length;
  say(json ? JSON.stringify({ summary: { ...all, left } }) : summaryLine(findings, all));
  return left === 0;
};

const main = async (): Promise<number> => {
  const options = readCheckBooksOptions(process.argv.slice(2));
  if (options.help) {
    say(CHECK_BOOKS_USAGE);
    return 0;
  }
  const closing = new Closing();
  const close = (): Promise<void> =>
    closing.close((part, error) => complain(`${part} could not be stopped: ${messageOf(error)}`));
  // What is being read fails then, and says where to go on; a second signal ends it at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void close());
  try {
    return (await check(options, await connect(closing))) ? 0 : LEFT;
  } finally {
    await close();
  }
};

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    complain(`The books could not be checked: ${messageOf(error)}`);
    process.exitCode = NOT_CHECKED;
  },
);
