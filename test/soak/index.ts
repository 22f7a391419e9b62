/** `npm run soak`: runs a soak, and says what it found; everything it starts ends with it, Ctrl-C included. */
import { Closing } from '../../server/closing.js';
import { type Options, readOptions, USAGE } from './options.js';
import { failureLines, progressLine, resultTable } from './report.js';
import { type Progress, soak } from './soak.js';

const BROKEN = 1;
const USAGE_ERROR = 2;
const LINE_EVERY_MS = 10_000;
const ERASE_LINE = '\r\x1b[2K';
/** What is being started when it is interrupted is stopped once it has started. */
const LAST_RESORT_MS = 30_000;

const { stdout } = process;
const say = (line: string): void => void stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`${line}\n`);
const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** On a terminal one line that is drawn again, else a line now and then. */
const showProgress = () => {
  let shownAt = -Infinity;
  return (progress: Progress): void => {
    const line = progressLine(progress);
    if (stdout.isTTY) {
      stdout.write(`${ERASE_LINE}${line}`);
      return;
    }
    if (progress.elapsedMs - shownAt < LINE_EVERY_MS) return;
    shownAt = progress.elapsedMs;
    say(line);
  };
};

const run = async (options: Options, closing: Closing): Promise<boolean> => {
  say(`Seed ${options.seed}, ${options.minutes} minutes of faults`);
  const result = await soak(options, { closing, progress: showProgress(), complain });
  if (stdout.isTTY) stdout.write(ERASE_LINE);
  for (const line of ['', ...resultTable(result), ...failureLines(result)]) say(line);
  return result.violations.count === 0;
};

const main = async (): Promise<number> => {
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    complain(`${messageOf(error)}\n\n${USAGE}`);
    return USAGE_ERROR;
  }
  if (options.help) {
    say(USAGE);
    return 0;
  }
  const closing = new Closing();
  const close = (): Promise<void> =>
    closing.close((part, error) => complain(`${part} could not be stopped: ${messageOf(error)}`));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      complain(`\nInterrupted: everything is being stopped`);
      setTimeout(() => process.exit(BROKEN), LAST_RESORT_MS).unref();
      void close();
    });
  }
  try {
    return (await run(options, closing)) ? 0 : BROKEN;
  } catch (error) {
    // What fails because everything is being stopped is no news.
    if (!closing.hasBegun) complain(messageOf(error));
    return BROKEN;
  } finally {
    await close();
  }
};

process.exitCode = await main();
