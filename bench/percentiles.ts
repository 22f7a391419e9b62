/** The figures of latencies: p50, p95, p99 and the most, of each run. */
import { type Figure, figure } from './result.js';
import { percentile } from './statistics.js';

const SHARES = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
  ['most', 1],
] as const;

export const percentileFigures = (name: string, runsMs: readonly (readonly number[])[]): Figure[] =>
  SHARES.map(([label, share]) =>
    figure(`${name}, ${label}`, 'ms', ...runsMs.map((valuesMs) => percentile(valuesMs, share))),
  );
