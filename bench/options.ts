/** What the benchmark's command line says. */
import { parseArgs } from 'node:util';

export const SINKS = ['nginx', 'node'] as const;
export type SinkKind = (typeof SINKS)[number];

export const BENCH_VENDORS = ['apns', 'fcm', 'harmony'] as const;
export type BenchVendor = (typeof BENCH_VENDORS)[number];

/** Of the parts that name no other number. */
export const DEFAULT_DEVICES = 100_000;

export interface Options {
  /** Empty: all of them. */
  readonly parts: readonly string[];
  readonly runs: number;
  /** Absent: as many as the part takes by itself. */
  readonly devices?: number;
  /** Single-device tasks a second. */
  readonly rate: number;
  /** Whom the sink of the pipeline stands for. */
  readonly vendor: BenchVendor;
  /** Absent: nginx where it is installed. */
  readonly sink?: SinkKind;
  /** Somebody's gorush binary; it is not measured without it. */
  readonly gorushPath?: string;
  /** Where the gateway's CPU profile goes; none is made without it. */
  readonly profileDir?: string;
}

export const usage = (parts: readonly string[]): string =>
  `npm run bench -- [${parts.join('|')} ...] [--runs <n>] [--devices <n>] [--rate <n>]
             [--vendor apns|fcm|harmony] [--sink nginx|node] [--peer gorush=<path>] [--profile <folder>] [--help]

  --runs     measured runs of a part, default 3; lanes and pacing have their own
  --devices  in each of them, default 100000; accept 10000, memory 1000000
  --rate     tasks a second of the latency, default 100
  --vendor   whom the pipeline pushes to, default apns
  --sink     what stands for the vendor; default nginx if it is installed, else node:http2
  --peer     measure this gorush too, in the part transport
  --profile  write a CPU profile of the gateway there (a profiled run is slower)

Settings of the gateway (docs/configuration.md) reach it from the environment, but for its database and its keys.`;

const LIMITS = { runs: [1, 100], devices: [1_000, 10_000_000], rate: [1, 10_000] } as const;

const whole = (name: keyof typeof LIMITS, text: string): number => {
  const [least, most] = LIMITS[name];
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new Error(`--${name} must be a number from ${least} to ${most}`);
  }
  return value;
};

const oneOf = <Name extends string>(option: string, names: readonly Name[], text: string): Name => {
  const found = names.find((name) => name === text);
  if (found == null) throw new Error(`--${option} must be ${names.join(' or ')}`);
  return found;
};

const gorushPathOf = (text: string): string => {
  const path = /^gorush=(.+)$/.exec(text)?.[1];
  if (path == null) throw new Error('--peer must be gorush=<path of its binary>');
  return path;
};

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '3' },
      devices: { type: 'string' },
      rate: { type: 'string', default: '100' },
      vendor: { type: 'string', default: 'apns' },
      sink: { type: 'string' },
      peer: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });

/** `help` when the usage is all that is asked for. Throws an error whose message is fit to show. */
export const readOptions = (
  args: readonly string[],
  known: readonly string[],
): Options | 'help' => {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown != null) throw new Error(`There is no part ${unknown}`);
  return {
    parts: positionals,
    runs: whole('runs', values.runs),
    ...(values.devices == null ? {} : { devices: whole('devices', values.devices) }),
    rate: whole('rate', values.rate),
    vendor: oneOf('vendor', BENCH_VENDORS, values.vendor),
    ...(values.sink == null ? {} : { sink: oneOf('sink', SINKS, values.sink) }),
    ...(values.peer == null ? {} : { gorushPath: gorushPathOf(values.peer) }),
    ...(values.profile == null ? {} : { profileDir: values.profile }),
  };
};
