/** `npm run demo`: everything on this machine, four tasks, and the books checked at the end. */

import { Closing } from '../server/closing.js';
import { acceptedSoFar, checkAll } from './check-ledgers.js';
import { type Options, readOptions, USAGE } from './options.js';
import { progressOn } from './progress.js';
import { reportTable } from './report-table.js';
import { sendTasks } from './send-tasks.js';
import { setUpApp } from './set-up-app.js';
import { startParts } from './start-parts.js';
import { demoTasks } from './tasks.js';
import { tryItText } from './try-it.js';

const USAGE_ERROR = 2;

const say = (line: string): void => console.log(line);

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Whether everything was as it must be. */
const run = async (options: Options, closing: Closing): Promise<boolean> => {
  const { url, operatorKey, simulators } = await startParts(options, closing, say);
  const { api, key } = await setUpApp(url, operatorKey, simulators, say);
  say('');
  const before = acceptedSoFar(simulators);
  const sent = await sendTasks(api, demoTasks(), progressOn(process.stdout));
  for (const { title, task, pace } of sent) say(`\n${reportTable(title, task, pace)}`);
  say('');
  const isRight = await checkAll(api, sent, { before, simulators }, say);
  const last = sent.at(-1);
  if (!options.once && last != null) say(`\n${tryItText({ url, key, task: last.task.id })}`);
  return isRight;
};

const closeAll = (closing: Closing): Promise<void> =>
  closing.close((name, error) => console.error(`Could not stop ${name}: ${messageOf(error)}`));

/** Ctrl-C while it starts or works ends it as well; the pieces that were started are stopped. */
const stopOnSignals = (closing: Closing, code: () => number): void => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      void closeAll(closing).then(() => process.exit(code()));
    });
  }
};

const main = async (): Promise<void> => {
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${USAGE}`);
    process.exitCode = USAGE_ERROR;
    return;
  }
  const closing = new Closing();
  // Interrupted before the books were checked, it has shown nothing.
  let code = 1;
  stopOnSignals(closing, () => code);
  try {
    code = (await run(options, closing)) ? 0 : 1;
    if (!options.once) return;
  } catch (error) {
    // What fails because everything is being stopped is no news.
    if (closing.hasBegun) return;
    console.error(messageOf(error));
    code = 1;
  }
  await closeAll(closing);
  process.exitCode = code;
};

await main();
