/** The report of a task as aligned text. Pure. */
import { DELIVERY_STATES } from '../models/batch.js';
import type { Counts, TaskAnswer } from './task-answer.js';

/** How fast it went: nearly all devices, and the last one, which may have waited for a vendor's pause. */
export interface Pace {
  /** Devices that were through after `mostMs`. */
  readonly mostDevices: number;
  readonly mostMs: number;
  readonly allMs: number;
}

const GAP = '  ';
const SECOND_MS = 1_000;

export const formatCount = (count: number): string => count.toLocaleString('en-US');

/** Texts to the left, numbers to the right. Rows may be of different lengths. */
export const alignTable = (rows: readonly (readonly (string | number)[])[]): string[] => {
  const text = (cell: string | number): string =>
    typeof cell === 'number' ? formatCount(cell) : cell;
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => text(row[column] ?? '').length)),
  );
  const isNumeric = widths.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        isNumeric[column]
          ? text(cell).padStart(widths[column] ?? 0)
          : text(cell).padEnd(widths[column] ?? 0),
      )
      .join(GAP)
      .trimEnd(),
  );
};

const countsTable = ({ counts, byVendor }: TaskAnswer): string[] => {
  const used = DELIVERY_STATES.filter((state) => counts[state] > 0 || state === 'accepted');
  const shown = ['targeted', ...used, 'pending'] as const;
  const row = (name: string, of: Counts): (string | number)[] => [
    name,
    ...shown.map((column) => of[column]),
  ];
  const vendors = Object.entries(byVendor).sort(([one], [other]) => (one < other ? -1 : 1));
  return alignTable([
    ['', ...shown],
    ...vendors.map(([name, of]) => row(name, of)),
    row('together', counts),
  ]);
};

const reasonsTable = ({ reasons }: TaskAnswer): string[] => {
  const rows = DELIVERY_STATES.flatMap((state) =>
    Object.entries(reasons[state] ?? {})
      .sort(([, one], [, other]) => other - one)
      .map(([reason, count]) => [state, reason, count] as const),
  );
  return rows.length === 0 ? [] : ['', ...alignTable(rows)];
};

const seconds = (ms: number): string => (ms / SECOND_MS).toFixed(2);

const paceLine = ({ mostDevices, mostMs, allMs }: Pace): string => {
  const perSecond = Math.round(mostDevices / (Math.max(mostMs, 1) / SECOND_MS));
  return (
    `${formatCount(perSecond)} devices/s: ${formatCount(mostDevices)} through after ` +
    `${seconds(mostMs)} s, the last after ${seconds(allMs)} s`
  );
};

/** Lines without a trailing newline. */
export const reportTable = (title: string, task: TaskAnswer, pace: Pace): string => {
  const unmatched =
    task.unmatched === 0 ? [] : [`${formatCount(task.unmatched)} accounts have no device`];
  const state = task.failure == null ? task.state : `${task.state}, ${task.failure}`;
  const lines = [
    `${state}, ${paceLine(pace)}`,
    '',
    ...countsTable(task),
    ...reasonsTable(task),
    ...unmatched,
  ];
  return [
    `${title} (task ${task.id})`,
    ...lines.map((line) => (line === '' ? '' : `  ${line}`)),
  ].join('\n');
};
