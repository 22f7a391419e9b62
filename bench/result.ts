/** What a part found: shown as a table, and kept with every figure of every run. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alignTable } from '../demo/report-table.js';
import type { Machine } from './machine.js';
import { rounded, type Summary, summary } from './statistics.js';

export const RESULTS = fileURLToPath(new URL('./results', import.meta.url));

/** A figure with its unit, measured once or in several runs. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
  /** What its median must reach, where something must be reached. */
  readonly mark?: string;
}

export interface PartResult {
  readonly part: string;
  /** What it was measured against, and how: a line each. */
  readonly setting: readonly string[];
  readonly figures: readonly Figure[];
}

export const figure = (name: string, unit: string, ...values: number[]): Figure => ({
  name,
  unit,
  values,
});

export const marked = (one: Figure, mark: string): Figure => ({ ...one, mark });

const COLUMNS = ['', 'median', 'least', 'most', 'unit', 'mark'] as const;

const cells = ({ median, least, most }: Summary, isOne: boolean): (number | string)[] =>
  isOne ? [rounded(median), '', ''] : [median, least, most].map((value) => rounded(value));

/** Lines without a trailing newline. */
export const resultTable = ({ figures }: PartResult): string[] =>
  alignTable([
    COLUMNS.filter((column) => column !== 'mark' || figures.some(({ mark }) => mark != null)),
    ...figures.map(({ name, unit, values, mark }) => [
      name,
      ...cells(summary(values), values.length === 1),
      unit,
      ...(mark == null ? [] : [mark]),
    ]),
  ]);

/** Of a result; no colons, which some file systems refuse. */
export const fileName = (part: string, { date }: Machine): string =>
  `${part}-${date.slice(0, 19).replaceAll(':', '')}.json`;

/** What disturbed it. */
export interface Disturbance {
  readonly loadAfter: number;
  /** Of the processors' time, by a hypervisor. */
  readonly stolenPercent: number;
}

/** As it stands in the file. */
export interface KeptResult extends PartResult {
  readonly machine: Machine;
  readonly disturbance: Disturbance;
  readonly figures: readonly (Figure & Summary)[];
}

/** Returns where it was written. */
export const keepResult = async (
  result: PartResult,
  machine: Machine,
  disturbance: Disturbance,
): Promise<string> => {
  await mkdir(RESULTS, { recursive: true });
  const path = join(RESULTS, fileName(result.part, machine));
  const figures = result.figures.map((one) => ({ ...one, ...summary(one.values) }));
  const kept: KeptResult = { ...result, machine, disturbance, figures };
  await writeFile(path, `${JSON.stringify(kept, null, 2)}\n`);
  return path;
};
