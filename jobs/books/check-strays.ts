/** Finds what belongs to no task: lists, batches and rows. A parent is read after its child, and never deleted by a gateway. */
import type { mongo, Types } from 'mongoose';
import { audienceLists } from '../../models/audience-list.js';
import { batches, LEDGER_INDEX } from '../../models/batch.js';
import { deliveries, deliveryId, deliveryRange, splitDeliveryId } from '../../models/delivery.js';
import { tasks } from '../../models/lease.js';
import type { Task } from '../../models/task.js';
import type { Books } from './books.js';
import { type Found, fault, some } from './finding.js';
import { removeList } from './mend.js';

export interface Strays {
  readonly found: Found[];
  /** The last task whose things were looked at; absent at the end. */
  readonly last?: Types.ObjectId;
}

export interface StrayPage {
  readonly after?: Types.ObjectId;
  readonly limit: number;
}

/** Rows of one stray task: that there are many is enough to know. */
const MOST_COUNTED = 100_000;
const ID_BYTES = 12;
const FIRST = Buffer.alloc(ID_BYTES);
const LAST = Buffer.alloc(ID_BYTES, 0xff);

type Parent = Pick<Task, '_id' | 'app' | 'deliveriesIn'>;

const parentsOf = async (
  db: mongo.Db,
  ids: readonly Types.ObjectId[],
): Promise<Map<string, Parent>> => {
  const found = await tasks(db)
    .find<Parent>({ _id: { $in: [...ids] } }, { projection: { app: 1, deliveriesIn: 1 } })
    .toArray();
  return new Map(found.map((task) => [task._id.toHexString(), task]));
};

/** Hops from task to task, over all that each of them has. */
const hop = async (
  next: (after: Types.ObjectId | undefined) => Promise<Types.ObjectId | undefined>,
  { after, limit }: StrayPage,
): Promise<{ ids: Types.ObjectId[]; last?: Types.ObjectId }> => {
  const ids: Types.ObjectId[] = [];
  let last = after;
  while (ids.length < limit) {
    last = await next(last);
    if (last == null) return { ids };
    ids.push(last);
  }
  return { ids, ...(last && { last }) };
};

export const strayLists = async (books: Books, { after, limit }: StrayPage): Promise<Strays> => {
  const lists = await audienceLists(books.db)
    .find(after == null ? {} : { _id: { $gt: after } }, {
      projection: { _id: 1 },
      sort: { _id: 1 },
      limit,
    })
    .toArray();
  const ids = lists.map(({ _id }) => _id);
  const parents = await parentsOf(books.db, ids);
  const last = ids.length < limit ? undefined : ids.at(-1);
  const found = ids
    .filter((id) => !parents.has(id.toHexString()))
    .map((task) => ({
      fault: fault('list-without-task', 'Its task does not exist', {
        task,
        where: 'audiences',
      }),
      mend: () => removeList(books, task),
    }));
  return { found, ...(last && { last }) };
};

export const strayBatches = async ({ db }: Books, page: StrayPage): Promise<Strays> => {
  const { ids, last } = await hop(async (after) => {
    const found = await batches(db).findOne(after == null ? {} : { task: { $gt: after } }, {
      sort: { task: 1 },
      hint: LEDGER_INDEX,
      projection: { _id: 0, task: 1 },
    });
    return found?.task;
  }, page);
  const parents = await parentsOf(db, ids);
  const found: Found[] = [];
  for (const task of ids) {
    if (parents.has(task.toHexString())) continue;
    const [count, done] = await Promise.all(
      [{ task }, { task, state: 'done' as const }].map((filter) =>
        batches(db).countDocuments(filter, { hint: LEDGER_INDEX }),
      ),
    );
    const what = `${some(count ?? 0, 'batch', 'batches')}, ${done} of them done, name a task that does not exist`;
    found.push({ fault: fault('batch-without-task', what, { task, where: 'batches' }) });
  }
  return { found, ...(last && { last }) };
};

export const strayRows = async ({ db }: Books, name: string, page: StrayPage): Promise<Strays> => {
  const rows = deliveries(db, name);
  const { ids, last } = await hop(async (after) => {
    const from =
      after == null ? { $gte: deliveryId(FIRST, FIRST) } : { $gt: deliveryId(after.id, LAST) };
    const found = await rows.findOne(
      { _id: { ...from, $lte: deliveryId(LAST, LAST) } },
      { sort: { _id: 1 }, projection: { _id: 1 } },
    );
    return found == null ? undefined : splitDeliveryId(found._id).task;
  }, page);
  const parents = await parentsOf(db, ids);
  const found: Found[] = [];
  for (const task of ids) {
    const parent = parents.get(task.toHexString());
    if (parent?.deliveriesIn === name) continue;
    const counted = await rows.countDocuments(
      { _id: deliveryRange(task) },
      { limit: MOST_COUNTED },
    );
    const count = `${some(counted, 'row')}${counted === MOST_COUNTED ? ' or more' : ''}`;
    found.push({
      fault:
        parent == null
          ? fault('rows-without-task', `${count} of a task that does not exist`, {
              task,
              where: name,
            })
          : fault('rows-elsewhere', `${count}, and the task looks in ${parent.deliveriesIn}`, {
              app: parent.app,
              task,
              where: name,
            }),
    });
  }
  return { found, ...(last && { last }) };
};
