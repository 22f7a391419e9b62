/** Checks that the collections and indexes that the books are kept in are as they must be. */
import type { mongo } from 'mongoose';
import { BATCHES, batches, batchIndexes } from '../../models/batch.js';
import { currentDeliveries, ensureDeliveries, keptUntil } from '../../models/delivery.js';
import { LANES } from '../../models/task.js';
import { lanesServed } from '../../models/worker.js';
import type { Books } from './books.js';
import { type Found, fault } from './finding.js';

type Named = mongo.CollectionInfo;

const checkIndexes = async (db: mongo.Db): Promise<Found[]> => {
  const there = new Set(
    (
      await batches(db)
        .listIndexes()
        .toArray()
        .catch(() => [])
    ).map(({ name }) => String(name)),
  );
  const missing = batchIndexes.filter(({ name }) => name != null && !there.has(name));
  return missing.map((index) => ({
    fault: fault('index-missing', `It has no index ${index.name}`, { where: BATCHES }),
    mend: async () => {
      await batches(db).createIndexes([index]);
      return 'The index is there now';
    },
  }));
};

const isClustered = ({ options }: Named): boolean =>
  options != null && 'clusteredIndex' in options && options.clusteredIndex != null;

/** Collections of rows, by name. */
export const rowCollections = async (db: mongo.Db): Promise<Named[]> => {
  const found = (await db.listCollections({ name: /^deliveries_/ }).toArray()) as Named[];
  return found
    .filter(({ name }) => keptUntil(name) != null)
    .sort((left, right) => (left.name < right.name ? -1 : 1));
};

const checkWorkers = async (books: Books): Promise<Found[]> => {
  const served = await lanesServed(books.db);
  if (served.size === 0) {
    return [{ fault: fault('no-worker', 'No worker was seen in the last minute') }];
  }
  return LANES.filter((lane) => !served.has(lane)).map((lane) => ({
    fault: fault(
      'lane-without-worker',
      `No worker of the lane ${lane} was seen in the last minute`,
    ),
  }));
};

export const checkStorage = async (books: Books): Promise<Found[]> => {
  const { db, now } = books;
  const there = await rowCollections(db);
  const names = new Set(there.map(({ name }) => name));
  const missing = currentDeliveries(new Date(now()))
    .filter((name) => !names.has(name))
    .map(
      (name): Found => ({
        fault: fault('rows-collection-missing', 'It does not exist', { where: name }),
        mend: async () => {
          await ensureDeliveries(db, name);
          return 'It is there now, and empty';
        },
      }),
    );
  const plain = there
    .filter((one) => !isClustered(one))
    .map(
      ({ name }): Found => ({
        fault: fault('rows-collection-plain', 'It is not clustered', { where: name }),
      }),
    );
  return [...(await checkWorkers(books)), ...(await checkIndexes(db)), ...missing, ...plain];
};
