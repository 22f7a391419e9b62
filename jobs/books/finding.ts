/** What a check of the books may find, in the words that an operator reads. */
import type { Types } from 'mongoose';

/** `wrong`: a promise is broken. `notice`: somebody should know, and nothing is lost. */
export type Level = 'wrong' | 'notice';

interface Kind {
  readonly level: Level;
  /** What it means to whoever is responsible. Sentence case, no full stop. */
  readonly means: string;
}

/** Every kind is explained in docs/books.md; a test holds the two against each other. */
export const FINDING_KINDS = {
  'rows-collection-missing': {
    level: 'wrong',
    means: 'The reports of tasks that are planned next could not be written',
  },
  'rows-collection-plain': {
    level: 'wrong',
    means: 'It is slow and its rows are not found by task; rename it and start the gateway again',
  },
  'index-missing': {
    level: 'wrong',
    means: 'Reports and claims that depend on it fail; the next start of a gateway creates it, too',
  },
  'no-worker': {
    level: 'notice',
    means: 'Nothing is planned, sent or ended; start a gateway with the role all or worker',
  },
  'lane-without-worker': {
    level: 'notice',
    means: 'Nothing of this lane is planned or sent; name it in PIGEONPOST_LANES of some worker',
  },
  'sums-differ': {
    level: 'wrong',
    means: 'Devices are missing in the report of this task, or are counted twice',
  },
  'batch-sums-differ': {
    level: 'wrong',
    means: 'What became of some devices of this batch was not counted',
  },
  'moved-on-differs': {
    level: 'wrong',
    means: 'Devices that should be tried again are lost, or are tried twice',
  },
  'open-batch-counted': {
    level: 'wrong',
    means: 'A batch that is still open claims that devices of it have ended',
  },
  'batch-devices-differ': {
    level: 'wrong',
    means: 'A batch does not hold the devices that it is said to hold',
  },
  'count-unknown': { level: 'wrong', means: 'The count is in no sum of any report' },
  'batch-of-other-app': {
    level: 'wrong',
    means:
      'It would be sent with the credentials of another app; keep the evidence and stop the task',
  },
  'rows-differ': {
    level: 'wrong',
    means: 'The numbers of the report and its list of devices contradict each other',
  },
  'rows-gone': {
    level: 'wrong',
    means: 'What became of each device is no longer known; restore the collection from a backup',
  },
  'rows-not-counted': {
    level: 'notice',
    means: 'Whether the rows equal the counts is not known; npm run check-books takes its time',
  },
  'plan-differs': {
    level: 'wrong',
    means: 'Batches of this task were lost, or were written without its plan',
  },
  'plan-unfinished': {
    level: 'wrong',
    means: 'A part of the audience was never looked at, and nobody looks at it',
  },
  'planned-again': {
    level: 'wrong',
    means: 'The whole audience is planned, and yet the task waits to be planned',
  },
  'ended-with-pending': {
    level: 'wrong',
    means: 'The task says it is over while devices of it are still waiting',
  },
  'not-ended': {
    level: 'wrong',
    means: 'Every device has ended, but the task never does',
  },
  'held-forgotten': {
    level: 'wrong',
    means: 'The task goes on, but these devices wait as if it were paused',
  },
  'done-batch-keeps-devices': {
    level: 'wrong',
    means: 'Device ids, and tokens of unregistered devices, are kept longer than they are needed',
  },
  'batch-hangs': { level: 'wrong', means: 'The devices wait although a worker runs' },
  'past-expiry': {
    level: 'wrong',
    means: 'The devices should have ended as expired; a running worker does that within seconds',
  },
  'task-not-planned': { level: 'wrong', means: 'Nobody plans the task although a worker runs' },
  'task-not-started': { level: 'wrong', means: 'Its time has come, but it does not start' },
  'lease-dead': {
    level: 'wrong',
    means:
      'The process that worked on it has died; a running worker takes it over, and nobody else may',
  },
  'list-left': {
    level: 'wrong',
    means: 'The tokens or accounts that the caller listed are kept longer than they are needed',
  },
  'list-without-task': { level: 'wrong', means: 'Nobody will ever plan this list' },
  'batch-without-task': {
    level: 'wrong',
    means: 'Nobody knows what to send to these devices; the task was removed by hand',
  },
  'rows-without-task': {
    level: 'wrong',
    means: 'No report shows these rows; the task was removed by hand',
  },
  'rows-elsewhere': {
    level: 'wrong',
    means: 'The report of the task looks for its rows in another collection',
  },
} as const satisfies Record<string, Kind>;

export type FindingKind = keyof typeof FINDING_KINDS;

export interface Finding {
  readonly kind: FindingKind;
  readonly level: Level;
  readonly app?: string;
  /** 24 hex digits. */
  readonly task?: string;
  /** A collection, or the hex digits of a batch's id. */
  readonly where?: string;
  /** What was found, with its numbers. */
  readonly what: string;
  readonly means: string;
  /** Whether a check that is told to fix can do something about it. */
  readonly mendable: boolean;
  /** What was done about it; absent when nothing was. */
  readonly mended?: string;
}

/** Says what it did, or null when there was nothing (more) to do. */
export type Mend = () => Promise<string | null>;

/** What is found before anybody does something about it. */
export type Fault = Omit<Finding, 'mendable' | 'mended'>;

/** A fault, and what could be done about it. */
export interface Found {
  readonly fault: Fault;
  readonly mend?: Mend;
}

export const fault = (
  kind: FindingKind,
  what: string,
  about: { app?: string; task?: Types.ObjectId; where?: string } = {},
): Fault => {
  const { level, means } = FINDING_KINDS[kind];
  const { task, ...place } = about;
  return { kind, level, ...place, ...(task && { task: task.toHexString() }), what, means };
};

/** 1 device, 2 devices. */
export const some = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
