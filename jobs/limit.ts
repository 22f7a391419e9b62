/**
 * A limit lets in the first devices in the order of their salt. Who the last of them is is settled before anybody is planned and
 * kept in the task, so that whoever takes over lets in the same; a count beside the cursor keeps newcomers from adding to them.
 */
import type { mongo, Types } from 'mongoose';
import { tasks } from '../models/lease.js';
import type { Task } from '../models/task.js';
import type { AudienceSource } from './audience.js';
import { filtered } from './filtered.js';
import { type Order, orderBy } from './order.js';

/** The smallest numbers of many, as many as a limit: twice as many are in memory at most. */
class Smallest {
  readonly #kept: Float64Array;
  #count = 0;
  #bound = Number.POSITIVE_INFINITY;

  constructor(private readonly limit: number) {
    this.#kept = new Float64Array(2 * limit);
  }

  add(value: number): void {
    if (value > this.#bound) return;
    this.#kept[this.#count] = value;
    this.#count += 1;
    if (this.#count === this.#kept.length) this.#cut();
  }

  /** The largest of them; when there are fewer than the limit, any number is small enough. */
  bound(): number {
    this.#cut();
    return this.#count < this.limit ? 1 : this.#bound;
  }

  #cut(): void {
    this.#kept.subarray(0, this.#count).sort();
    if (this.#count < this.limit) return;
    this.#count = this.limit;
    this.#bound = this.#kept[this.limit - 1] ?? this.#bound;
  }
}

const PAGE = 5_000;

/** Up to which place in the order a limit lets in; undefined when it was told to stop. */
export const lastOrder = async (
  source: AudienceSource,
  { limit, order }: { readonly limit: number; readonly order: Order },
  stopping: () => boolean,
): Promise<number | undefined> => {
  const smallest = new Smallest(limit);
  for (let after: Types.ObjectId | undefined; ; ) {
    const some = await source.next(after, PAGE);
    for (const { id } of some) smallest.add(order(id));
    if (some.length < PAGE) return smallest.bound();
    if (stopping()) return undefined;
    after = some.at(-1)?.id;
  }
};

export interface Limited {
  readonly task: Task;
  readonly source: AudienceSource;
}

/** As it is where there is no limit. `stopped`, or `overtaken` by another planner, a pause or a cancel: there is no use in going on. */
export const limited = async (
  db: mongo.Db,
  task: Task,
  source: AudienceSource,
  stopping: () => boolean,
): Promise<Limited | 'stopped' | 'overtaken'> => {
  const { limit, salt = '' } = task;
  if (limit == null) return { task, source };
  const order = orderBy(salt);
  const last = task.limitOrder ?? (await lastOrder(source, { limit, order }, stopping));
  if (last == null) return 'stopped';
  if (task.limitOrder == null) {
    const { matchedCount } = await tasks(db).updateOne(
      { _id: task._id, state: 'planning', fence: task.fence },
      { $set: { limitOrder: last } },
    );
    if (matchedCount === 0) return 'overtaken';
  }
  return {
    task: { ...task, limitOrder: last },
    source: filtered(source, ({ id }) => order(id) <= last),
  };
};

/** How many more devices may be planned. */
export const leftOf = ({ limit, planCount = 0 }: Pick<Task, 'limit' | 'planCount'>): number =>
  limit == null ? Number.POSITIVE_INFINITY : limit - planCount;
