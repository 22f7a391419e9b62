/** `npm run bench`: runs all parts, or those that are named; each starts its own processes on loopback and ends them. */
import { loadavg } from 'node:os';
import { Closing } from '../server/closing.js';
import { accept } from './accept.js';
import { lanes } from './lanes.js';
import { latency } from './latency.js';
import { type Machine, readMachine, readTicks, stolenPercent } from './machine.js';
import { memory } from './memory.js';
import { type Options, readOptions, usage } from './options.js';
import { pacing } from './pacing.js';
import type { Part } from './part.js';
import { pipeline } from './pipeline.js';
import { plan } from './plan.js';
import { keepResult, resultTable } from './result.js';
import { rounded } from './statistics.js';
import { transport } from './transport.js';

const PARTS: Readonly<Record<string, Part>> = {
  transport,
  pipeline,
  accept,
  latency,
  lanes,
  pacing,
  plan,
  memory,
};
const USAGE_ERROR = 2;

const say = (line: string): void => console.log(line);

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const closeAll = (closing: Closing): Promise<void> =>
  closing.close((name, error) => console.error(`Could not stop ${name}: ${messageOf(error)}`));

/** What is running now: Ctrl-C ends it, and the pieces that were started. */
let running: Closing | undefined;
let interrupted = false;
const stopOnSignals = (): void => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interrupted = true;
      void (running == null ? Promise.resolve() : closeAll(running)).then(() => process.exit(1));
    });
  }
};

const sayMachine = ({ cpu, cores, memoryGb, node, commit, date, loadBefore }: Machine): void => {
  say(`${cpu}, ${cores} cores, ${memoryGb} GB; Node ${node}; commit ${commit}; ${date}`);
  const isBusy = loadBefore > cores / 4;
  say(`Load before: ${rounded(loadBefore)}${isBusy ? ', so others slow this down' : ''}`);
};

const runPart = async (name: string, part: Part, options: Options): Promise<void> => {
  say(`\n${name}`);
  const machine = await readMachine();
  sayMachine(machine);
  const ticks = await readTicks();
  const closing = new Closing();
  running = closing;
  try {
    const result = await part({ options, closing, say });
    say('');
    for (const line of [...result.setting, '', ...resultTable(result)]) say(line);
    const disturbance = {
      loadAfter: loadavg()[0] ?? 0,
      stolenPercent: stolenPercent(ticks, await readTicks()),
    };
    say(
      `\nLoad after: ${rounded(disturbance.loadAfter)}; a hypervisor took ${rounded(disturbance.stolenPercent)} % of the processors`,
    );
    say(`All figures: ${await keepResult(result, machine, disturbance)}`);
  } finally {
    await closeAll(closing);
    running = undefined;
  }
};

const main = async (): Promise<void> => {
  const known = Object.keys(PARTS);
  let options: Options | 'help';
  try {
    options = readOptions(process.argv.slice(2), known);
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${usage(known)}`);
    process.exitCode = USAGE_ERROR;
    return;
  }
  if (options === 'help') {
    say(usage(known));
    return;
  }
  if (process.platform !== 'linux') throw new Error('The figures are read from /proc of Linux');
  stopOnSignals();
  for (const [name, part] of Object.entries(PARTS)) {
    if (options.parts.length > 0 && !options.parts.includes(name)) continue;
    await runPart(name, part, options);
  }
};

try {
  await main();
} catch (error) {
  // What fails because everything is being stopped is no news.
  if (!interrupted) console.error(messageOf(error));
  process.exitCode = 1;
}
