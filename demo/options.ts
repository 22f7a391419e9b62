/** What the demo's command line says. */
import { parseArgs } from 'node:util';

export interface Options {
  /** End after the reports, instead of staying up. */
  readonly once: boolean;
  readonly dataDir: string;
  /** Tried first; a free one is taken when it is in use. */
  readonly port: number;
}

export const USAGE = `npm run demo -- [--once] [--data <folder>] [--port <number>]

  --once   end after the reports: 0 if every ledger balances and the simulators agree, else 1
  --data   where MongoDB and the keys are kept, default ./data/demo
  --port   of the gateway, default 8080`;

const MAX_PORT = 65_535;

/** Throws an error whose message is fit to show. */
export const readOptions = (args: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: 'boolean', default: false },
      data: { type: 'string', default: './data/demo' },
      port: { type: 'string', default: '8080' },
    },
  });
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > MAX_PORT) {
    throw new Error(`--port must be a number from 0 to ${MAX_PORT}`);
  }
  return { once: values.once, dataDir: values.data, port };
};
