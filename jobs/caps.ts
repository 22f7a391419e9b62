/** Frequency caps for dispatch: counts a push for whoever is about to get it, and leaves out who has had enough. */
import type { mongo } from 'mongoose';
import { type Capped, countPush } from '../models/cap-counts.js';
import { type Cap, capsFor } from '../models/caps.js';
import type { Task } from '../models/task.js';
import { type AppSettings, isUrgent } from './app-settings.js';
import type { JobContext } from './context.js';
import { SMALL_PIECE } from './priority.js';
import type { BatchTargets, SendTarget } from './targets.js';

/** Of the app, those that count pushes for this purpose; null when there is none. */
export const capsOf = async (
  settings: AppSettings,
  app: string,
  purpose: string,
): Promise<readonly Cap[] | null> => {
  const appSettings = await settings.of(app);
  if (appSettings.caps == null || isUrgent(appSettings, purpose)) return null;
  const caps = capsFor(appSettings.caps, purpose);
  return caps.length === 0 ? null : caps;
};

const textOf = ({ person }: SendTarget): string => person?.toString('hex') ?? '';

/** Each once, however many of the devices are theirs. */
const peopleOf = (targets: readonly SendTarget[]): mongo.Binary[] => {
  const people = new Map<string, mongo.Binary>();
  for (const target of targets) {
    if (target.person != null) people.set(textOf(target), target.person);
  }
  return [...people.values()];
};

const countInPieces = async (
  { parts, priority }: JobContext,
  task: Task,
  caps: readonly Cap[],
  people: readonly mongo.Binary[],
): Promise<ReadonlyMap<string, Capped>> => {
  const capped = new Map<string, Capped>();
  for (let start = 0; start < people.length; ) {
    // A few do not wait for themselves.
    if (people.length > SMALL_PIECE) await priority.giveWay();
    const some = people.slice(start, start + priority.pieceDevices);
    start += some.length;
    const push = { task, caps, nowMs: parts.now() };
    for (const [person, by] of await countPush(parts.db, some, push)) capped.set(person, by);
  }
  return capped;
};

/**
 * Who may get the push once it has been counted. It is counted before the batch is marked as being sent: whoever takes over
 * from a worker that dies in between finds it counted.
 */
export const withoutCapped = async (
  context: JobContext,
  task: Task,
  sorted: BatchTargets,
): Promise<BatchTargets> => {
  if (sorted.caps == null) return sorted;
  const capped = await countInPieces(context, task, sorted.caps, peopleOf(sorted.targets));
  if (capped.size === 0) return sorted;
  const targets: SendTarget[] = [];
  const suppressed = [...sorted.suppressed];
  for (const target of sorted.targets) {
    const by = capped.get(textOf(target));
    if (by == null) targets.push(target);
    else {
      const { index } = target;
      suppressed.push({ index, reason: `capped:${by.cap}`, freesAt: by.freesAt });
    }
  }
  return { ...sorted, targets, suppressed };
};
