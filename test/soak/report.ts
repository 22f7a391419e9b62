/** What a soak says: a line now and then, and a table at the end. Pure. */
import { alignTable, formatCount } from '../../demo/report-table.js';
import type { Slope } from './memory.js';
import type { Progress, Result } from './soak.js';
import { DOUBLED, LOST, violationLine } from './violations.js';

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;

const clock = (ms: number): string => {
  const minutes = Math.floor(ms / MINUTE_MS);
  const seconds = Math.floor((ms % MINUTE_MS) / SECOND_MS);
  return `${minutes}:${String(seconds).padStart(2, '0')}`;
};

export const progressLine = (progress: Progress): string => {
  const { elapsedMs, phase, tasks, open, received, faults, broken } = progress;
  return (
    `${clock(elapsedMs)} ${phase}: ${formatCount(tasks)} tasks, ${open} open, ` +
    `${formatCount(received)} pushes received, ${formatCount(faults)} faults, ${broken} broken`
  );
};

const slopeText = (slope: Slope | undefined): string => {
  if (slope == null) return 'no process lived long enough';
  const { mbPerHour, minutes, mostMb } = slope;
  const sign = mbPerHour < 0 ? '' : '+';
  return `${sign}${mbPerHour.toFixed(1)} MB an hour over ${minutes.toFixed(1)} minutes, ${Math.round(mostMb)} MB at most`;
};

/** Lines without a trailing newline. */
export const resultTable = (result: Result): string[] => {
  const { faults, violations, memory } = result;
  const all = [...faults.values()].reduce((sum, count) => sum + count, 0);
  const byKind = [...faults].sort(([one], [other]) => (one < other ? -1 : 1));
  return [
    ...alignTable([
      ['minutes of faults', result.minutes],
      ['minutes with draining', Number(result.elapsedMinutes.toFixed(1))],
      ['tasks accepted', result.tasks],
      ['devices registered', result.devices],
      ['devices targeted', result.targeted],
      ['pushes received by the vendors', result.received],
      ['pushes delivered', result.delivered],
      ['gateway processes started', result.gatewaysStarted],
      ['faults injected', all],
      ...byKind.map(([kind, count]) => [`  ${kind}`, count]),
      ['lost', violations.of(LOST)],
      ['doubled', violations.of(DOUBLED)],
      ['other breaches', violations.count - violations.of(LOST) - violations.of(DOUBLED)],
    ]),
    '',
    `memory of the gateways  ${slopeText(memory.gateways)}`,
    `memory of mongod        ${slopeText(memory.mongod)}`,
  ];
};

/** Nothing when everything holds. */
export const failureLines = ({ violations, folder, seed, minutes }: Result): string[] => {
  if (violations.count === 0) return [];
  return [
    '',
    `${formatCount(violations.count)} times something did not hold:`,
    ...violations.kept.map(violationLine),
    '',
    `What the gateways have written is kept in ${folder}`,
    `To repeat it: npm run soak -- --minutes ${minutes} --seed ${seed}`,
    'The same things are drawn in the same order; what they meet depends on how fast the machine is.',
  ];
};
