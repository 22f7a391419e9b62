/** Whether the books balance: within each report, between rows and counts, and with the vendors' own count. Pure. */
import { DELIVERY_STATES } from '../models/batch.js';
import type { Counts, TaskAnswer } from './task-answer.js';

const sumOf = (counts: Counts): number =>
  DELIVERY_STATES.reduce((sum, state) => sum + counts[state], counts.pending);

const COLUMNS = ['targeted', 'pending', ...DELIVERY_STATES] as const;

/** One row of `GET /v1/tasks/:task/deliveries`. */
export interface Row {
  readonly device: string;
  readonly state: string;
}

const countFaults = ({ state, counts, byVendor }: TaskAnswer): string[] => {
  const faults: string[] = [];
  if (state !== 'done') faults.push(`is ${state}, not done`);
  if (counts.targeted === 0) faults.push('targeted nobody');
  if (counts.pending !== 0) faults.push(`has ${counts.pending} pending`);
  for (const [name, of] of [['all vendors', counts] as const, ...Object.entries(byVendor)]) {
    if (of.targeted !== sumOf(of)) {
      faults.push(`${name}: targeted ${of.targeted}, but the states sum up to ${sumOf(of)}`);
    }
  }
  for (const column of COLUMNS) {
    const sum = Object.values(byVendor).reduce((total, of) => total + of[column], 0);
    if (sum !== counts[column]) {
      faults.push(`${column}: ${counts[column]}, but the vendors sum up to ${sum}`);
    }
  }
  return faults;
};

const rowFaults = ({ counts }: TaskAnswer, rows: readonly Row[]): string[] => {
  const faults: string[] = [];
  const devices = new Set(rows.map(({ device }) => device)).size;
  if (devices !== rows.length) faults.push(`${rows.length} rows, but ${devices} devices`);
  for (const state of DELIVERY_STATES) {
    const inState = rows.filter((row) => row.state === state).length;
    if (inState !== counts[state]) {
      faults.push(`${state}: ${counts[state]} counted, but ${inState} rows`);
    }
  }
  return faults;
};

/** What is wrong with one task's report, in words; empty when it balances. */
export const ledgerFaults = (task: TaskAnswer, rows: readonly Row[]): string[] => [
  ...countFaults(task),
  ...rowFaults(task, rows),
];

export interface VendorComparison {
  readonly vendor: string;
  /** By our reports, all tasks together. */
  readonly reported: number;
  /** By the simulator's own count. */
  readonly counted: number;
}

export const compareAccepted = (
  tasks: readonly TaskAnswer[],
  countedByVendor: Readonly<Record<string, number>>,
): VendorComparison[] => {
  const vendors = new Set([
    ...Object.keys(countedByVendor),
    ...tasks.flatMap(({ byVendor }) => Object.keys(byVendor)),
  ]);
  return [...vendors].sort().map((vendor) => ({
    vendor,
    reported: tasks.reduce((sum, { byVendor }) => sum + (byVendor[vendor]?.accepted ?? 0), 0),
    counted: countedByVendor[vendor] ?? 0,
  }));
};
