/** Reads delivery rows back: of a task by device, of a device by time, and what is still open. */
import { type mongo, Types } from 'mongoose';
import { type Batch, batches, DEVICE_BYTES, unpack } from '../models/batch.js';
import {
  type Delivery,
  deliveries,
  deliveryId,
  deliveryRange,
  keptUntil,
  splitDeliveryId,
} from '../models/delivery.js';
import type { Task } from '../models/task.js';
import type { DeliveryFilter, DeliveryRow } from './engine.js';

const rowOf = (delivery: Delivery): DeliveryRow => {
  const { task, device } = splitDeliveryId(delivery._id);
  return {
    task,
    device,
    state: delivery.s,
    ...(delivery.r == null ? {} : { reason: delivery.r }),
    ...(delivery.v == null ? {} : { vendor: delivery.v }),
    ...(delivery.p == null ? {} : { profile: delivery.p }),
    ...(delivery.m == null ? {} : { vendorMessageId: delivery.m }),
    attempts: delivery.n,
    at: delivery.t,
    ...(delivery.f == null ? {} : { freesAt: delivery.f }),
  };
};

const pendingOf = (batch: Batch): DeliveryRow[] =>
  unpack(batch.devices, DEVICE_BYTES).map((id) => ({
    task: batch.task,
    device: new Types.ObjectId(id),
    state: 'pending',
    ...(batch.lastReason == null ? {} : { reason: batch.lastReason }),
    vendor: batch.vendor,
    profile: batch.profile,
    attempts: batch.state === 'sending' ? batch.attempt : batch.attempt - 1,
  }));

/** What is open at one instant, by device. Holds the ids of all open batches in memory: 12 bytes a device and a row for each shown. */
async function* pendingRows(
  db: mongo.Db,
  task: Types.ObjectId,
  { after, device, limit }: DeliveryFilter,
): AsyncGenerator<DeliveryRow> {
  const open = await batches(db)
    .find(
      { task, state: { $in: ['due', 'held', 'claimed', 'sending'] } },
      { readConcern: { level: 'snapshot' }, projection: { tokens: 0, accounts: 0, data: 0 } },
    )
    .toArray();
  const rows = open
    .flatMap(pendingOf)
    .filter((row) => device == null || row.device.equals(device))
    .filter((row) => after == null || Buffer.compare(row.device.id, after.id) > 0)
    .sort((left, right) => Buffer.compare(left.device.id, right.device.id));
  yield* limit == null ? rows : rows.slice(0, limit);
}

/** Whoever reads a long report shares the event loop with pushes: a few milliseconds at a time, and not 16 MB of rows. */
const PIECE_ROWS = 500;

export async function* deliveryRows(
  db: mongo.Db,
  task: Pick<Task, '_id' | 'deliveriesIn'>,
  filter: DeliveryFilter,
): AsyncGenerator<DeliveryRow> {
  if (filter.state === 'pending') {
    yield* pendingRows(db, task._id, filter);
    return;
  }
  const { state, after, device, limit } = filter;
  const rows = deliveries(db, task.deliveriesIn).find(
    {
      _id: device == null ? deliveryRange(task._id, after) : deliveryId(task._id.id, device.id),
      ...(state == null ? {} : { s: state }),
    },
    { sort: { _id: 1 }, batchSize: PIECE_ROWS, ...(limit == null ? {} : { limit }) },
  );
  for await (const row of rows) yield rowOf(row);
}

/** Rows of one device, newest first, over all collections that are kept. */
export const deviceDeliveryRows = async (
  db: mongo.Db,
  device: Types.ObjectId,
  { before, limit }: { before?: Date; limit: number },
): Promise<DeliveryRow[]> => {
  const found = await db.listCollections({ name: /^deliveries_/ }, { nameOnly: true }).toArray();
  const names = found.map(({ name }) => name).filter((name) => keptUntil(name) != null);
  const perCollection = await Promise.all(
    names.map((name) =>
      deliveries(db, name)
        .find(
          { d: device, ...(before == null ? {} : { t: { $lt: before } }) },
          { sort: { t: -1 }, limit },
        )
        .toArray(),
    ),
  );
  return perCollection
    .flat()
    .sort((left, right) => right.t.getTime() - left.t.getTime())
    .slice(0, limit)
    .map(rowOf);
};
