/** What the benchmark's command line says. */
import { parseArgs } from 'node:util';

export const SINKS = ['nginx', 'node'] as const;
export type SinkKind = (typeof SINKS)[number];

export interface Options {
  /** Empty: all of them. */
  readonly parts: readonly string[];
  readonly runs: number;
  readonly devices: number;
  /** Single-device tasks a second. */
  readonly rate: number;
  /** Absent: nginx where it is installed. */
  readonly sink?: SinkKind;
  /** Where the gateway's CPU profile goes; none is made without it. */
  readonly profileDir?: string;
}

export const usage = (parts: readonly string[]): string =>
  `npm run bench -- [${parts.join('|')} ...] [--runs <n>] [--devices <n>] [--rate <n>] [--sink nginx|node]
             [--profile <folder>]

  --runs     measured tasks of the pipeline, default 3
  --devices  in each of them, default 100000
  --rate     tasks a second of the latency, default 100
  --sink     what stands for the vendor; default nginx if it is installed, else node:http2
  --profile  write a CPU profile of the gateway there (a profiled run is slower)

Settings of the gateway (docs/configuration.md) reach it from the environment, but for its database and its keys.`;

const DEFAULTS = { runs: '3', devices: '100000', rate: '100' } as const;
const LIMITS = { runs: [1, 100], devices: [1_000, 10_000_000], rate: [1, 10_000] } as const;

const whole = (name: keyof typeof LIMITS, text: string): number => {
  const [least, most] = LIMITS[name];
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new Error(`--${name} must be a number from ${least} to ${most}`);
  }
  return value;
};

const sinkOf = (text: string): SinkKind => {
  const sink = SINKS.find((name) => name === text);
  if (sink == null) throw new Error(`--sink must be ${SINKS.join(' or ')}`);
  return sink;
};

/** Throws an error whose message is fit to show. */
export const readOptions = (args: readonly string[], known: readonly string[]): Options => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: DEFAULTS.runs },
      devices: { type: 'string', default: DEFAULTS.devices },
      rate: { type: 'string', default: DEFAULTS.rate },
      sink: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown != null) throw new Error(`There is no part ${unknown}`);
  return {
    parts: positionals,
    runs: whole('runs', values.runs),
    devices: whole('devices', values.devices),
    rate: whole('rate', values.rate),
    ...(values.sink == null ? {} : { sink: sinkOf(values.sink) }),
    ...(values.profile == null ? {} : { profileDir: values.profile }),
  };
};
