/** What this process works on: whose leases it keeps alive, and whom a pause, a cancel or a stop must reach. */
import { setMaxListeners } from 'node:events';
import type { mongo, Types } from 'mongoose';
import type { HeldIds } from '../models/lease.js';

export interface InFlight {
  /** Keeps the lease of a batch alive until it is released, whether by a report or by giving up. */
  hold(batch: mongo.Binary, task: Types.ObjectId): Held;
  /**
   * What became of this batch is committed, here or by whoever took it over. True when that holds for all batches of its task
   * that are held here: then somebody has to ask whether the task is done.
   */
  committed(batch: mongo.Binary): boolean;
  holdTask(task: Types.ObjectId): { release(): void };
  held(): HeldIds;
  /** Ids of the tasks of held batches, in hex. */
  tasks(): string[];
  abortTask(task: string): void;
  abortAll(): void;
  /** Resolves when nothing is held. */
  idle(): Promise<void>;
}

export interface Held {
  /** To send under. */
  readonly signal: AbortSignal;
  abort(): void;
  release(): void;
}

interface HeldBatch {
  readonly id: mongo.Binary;
  readonly task: string;
  readonly controller: AbortController;
  isCommitted: boolean;
}

export const createInFlight = (): InFlight => {
  const batches = new Set<HeldBatch>();
  const planning = new Set<{ id: Types.ObjectId }>();
  let whenIdle: (() => void)[] = [];
  const settle = (): void => {
    if (batches.size + planning.size > 0) return;
    for (const resolve of whenIdle) resolve();
    whenIdle = [];
  };
  return {
    hold(id, task) {
      const entry = {
        id,
        task: task.toHexString(),
        controller: new AbortController(),
        isCommitted: false,
      };
      // Every variant of a message listens to it, and there may be one for each device.
      setMaxListeners(0, entry.controller.signal);
      batches.add(entry);
      return {
        signal: entry.controller.signal,
        abort: () => {
          entry.controller.abort();
        },
        release: () => {
          batches.delete(entry);
          settle();
        },
      };
    },
    committed(id) {
      let own: string | undefined;
      for (const entry of batches) {
        if (entry.id !== id) continue;
        entry.isCommitted = true;
        own = entry.task;
      }
      for (const { task, isCommitted } of batches) if (task === own && !isCommitted) return false;
      return true;
    },
    holdTask(id) {
      const entry = { id };
      planning.add(entry);
      return {
        release: () => {
          planning.delete(entry);
          settle();
        },
      };
    },
    held: () => ({
      batches: [...batches].map(({ id }) => id),
      tasks: [...planning].map(({ id }) => id),
    }),
    tasks: () => [...new Set([...batches].map(({ task }) => task))],
    abortTask(task) {
      for (const entry of batches) if (entry.task === task) entry.controller.abort();
    },
    abortAll() {
      for (const { controller } of batches) controller.abort();
    },
    idle: () =>
      new Promise((resolve) => {
        whenIdle.push(resolve);
        settle();
      }),
  };
};
