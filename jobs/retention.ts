/** Makes room for the months to come, and drops what was kept long enough. */
import type { mongo } from 'mongoose';
import { forgetEnded } from '../models/block-list.js';
import { currentDeliveries, ensureDeliveries, keptUntil } from '../models/delivery.js';
import { tasks } from '../models/lease.js';
import type { JobParts } from './parts.js';

const DAY_MS = 24 * 60 * 60 * 1_000;

const UNFINISHED = ['scheduled', 'accepted', 'planning', 'sending', 'paused'] as const;

const hasUnfinishedTask = async (db: mongo.Db, deliveriesIn: string): Promise<boolean> =>
  (await tasks(db).findOne(
    {
      deliveriesIn,
      $or: [
        { state: { $in: [...UNFINISHED] } },
        { state: 'cancelled', endedAt: { $exists: false } },
      ],
    },
    { projection: { _id: 1 } },
  )) != null;

export const keepDeliveries = async ({
  db,
  now,
  log,
}: Pick<JobParts, 'db' | 'now' | 'log'>): Promise<void> => {
  const today = new Date(now());
  for (const name of currentDeliveries(today)) await ensureDeliveries(db, name);
  const names = await db.listCollections({ name: /^deliveries_/ }, { nameOnly: true }).toArray();
  for (const { name } of names) {
    const until = keptUntil(name);
    if (until == null || until > today || (await hasUnfinishedTask(db, name))) continue;
    await db.dropCollection(name);
    log.info('Dropped delivery rows that were kept long enough', { collection: name });
  }
};

/** A day late: a clock that is wrong must not take anybody off the suppression list. */
export const forgetEndedBlocks = ({ db, now }: Pick<JobParts, 'db' | 'now'>): Promise<void> =>
  forgetEnded(db, new Date(now() - DAY_MS));
