/** Waits for batches that were claimed before an erasure: they may have read their devices before it was on the list. */
import { setTimeout as pause } from 'node:timers/promises';
import type { mongo } from 'mongoose';
import { type Batch, batches, DEVICE_BYTES, LEDGER_INDEX, unpack } from '../models/batch.js';
import type { JobParts } from './parts.js';

type Carrier = Pick<Batch, '_id' | 'task' | 'fence' | 'devices'>;

const LEASED = ['claimed', 'sending'] as const;
const PROJECTION = { task: 1, fence: 1, devices: 1 } as const;
/** Most batches are reported within a few of these. */
const LOOK_EVERY_MS = 50;

const carries = ({ devices }: Carrier, ids: ReadonlySet<string>): boolean =>
  unpack(devices, DEVICE_BYTES).some((id) => ids.has(id.toString('hex')));

/** At one instant: a batch that hands its stragglers on during a plain scan could slip past it. */
const readCarriers = async (
  db: mongo.Db,
  filter: mongo.Filter<Batch>,
  hint: string,
  ids: ReadonlySet<string>,
): Promise<Carrier[]> => {
  const found = await batches(db)
    .find(
      { ...filter, state: { $in: [...LEASED] } },
      { projection: PROJECTION, hint, readConcern: { level: 'snapshot' } },
    )
    .toArray();
  return found.filter((batch) => carries(batch, ids));
};

/**
 * Whether the devices may still be sent to as they were when `before` was claimed: by that very claim, or by the batch of
 * stragglers that it left behind. A new claim of the same batch has read its devices anew.
 */
const goesOn = (before: Carrier, now: Carrier): boolean => {
  if (!before.task.equals(now.task)) return false;
  const isSame = before._id.toString('hex') === now._id.toString('hex');
  return !isSame || before.fence === now.fence;
};

/**
 * Resolves with true when every batch that held one of these devices has moved on: reported, handed back, or taken over
 * because its worker died. With false when one has not by then.
 */
export const nothingOnItsWay = async (
  { db, monotonic }: Pick<JobParts, 'db' | 'monotonic'>,
  app: string,
  ids: ReadonlySet<string>,
  withinMs: number,
): Promise<boolean> => {
  const until = monotonic() + withinMs;
  let awaited = ids.size === 0 ? [] : await readCarriers(db, { app }, 'leased', ids);
  while (awaited.length > 0 && monotonic() < until) {
    await pause(LOOK_EVERY_MS);
    const tasks = awaited.map(({ task }) => task);
    const now = await readCarriers(db, { task: { $in: tasks } }, LEDGER_INDEX, ids);
    awaited = now.filter((batch) => awaited.some((before) => goesOn(before, batch)));
  }
  return awaited.length === 0;
};
