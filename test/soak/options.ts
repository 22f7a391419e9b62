/** What the command line of the soak says. */
import { parseArgs } from 'node:util';

export const USAGE = `npm run soak -- [--minutes <number>] [--seed <number>]

Random tasks, devices and faults against gateways, mongod and vendors' simulators on loopback, for so long; then everything
is healed, and every device of every task is held against the vendors' own record.

  --minutes  how long faults are injected, 0.1 to 1440, default 10; draining comes on top
  --seed     what is drawn, a whole number from 0 to 4294967295; a random one unless given
  --help

Ends with 0 when everything holds, with 1 when something does not (it says what, and keeps the logs), with 2 when it is asked
for something it does not know.`;

export interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly help: boolean;
}

const LEAST_MINUTES = 0.1;
const MOST_MINUTES = 1_440;
const SEEDS = 2 ** 32;

const minutesOf = (text: string): number => {
  const minutes = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || minutes < LEAST_MINUTES || minutes > MOST_MINUTES) {
    throw new Error(`--minutes must be a number from ${LEAST_MINUTES} to ${MOST_MINUTES}`);
  }
  return minutes;
};

const seedOf = (text: string): number => {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed >= SEEDS) {
    throw new Error(`--seed must be a whole number from 0 to ${SEEDS - 1}`);
  }
  return seed;
};

/** Throws an error whose message is fit to show. */
export const readOptions = (args: readonly string[], random = Math.random): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    minutes: minutesOf(values.minutes),
    seed: values.seed == null ? Math.floor(random() * SEEDS) : seedOf(values.seed),
    help: values.help,
  };
};
