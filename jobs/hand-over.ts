/** Hands small batches from accept straight to their vendor: written as claimed, they need not be looked for. */
import type { Batch } from '../models/batch.js';
import type { Task } from '../models/task.js';
import type { JobContext } from './context.js';
import type { DeviceView, Rules } from './eligibility.js';
import { vendorProfileOf } from './held-back.js';

/** What accept has read, so that dispatch need not read it again while it is fresh. */
export interface Known {
  readonly task: Task;
  /** By id, in hex. */
  readonly devices: ReadonlyMap<string, DeviceView>;
  readonly rules: Rules;
  readonly readAt: Date;
  /** The same moment on the clock that never jumps. */
  readonly readAtMs: number;
}

/** Room in a lane for one batch. */
export interface Place {
  send(batch: Batch, known: Known): void;
  leave(): void;
}

export interface Door {
  /** Null when the lane is full or its vendor profile has enough of it, or this process does not send: then the batch waits as any other. */
  enter(batch: Pick<Batch, 'lane' | 'size' | 'app' | 'vendor' | 'profile'>): Place | null;
}

/** Nobody enters: for a process that only accepts. */
export const CLOSED_DOOR: Door = { enter: () => null };

export interface HandOver {
  /** To be written instead of those that were planned. */
  readonly batches: Batch[];
  /** After the commit. */
  send(known: Known): void;
  /** When nothing was written. */
  leave(): void;
}

/** A task that wants a push at least once may find it unsure after a crash; the other gets its mark when it is sent. */
const claimedBy = (owner: string, batch: Batch, { ifUnsure }: Task): Batch => ({
  ...batch,
  state: ifUnsure === 'resend' ? 'sending' : 'claimed',
  owner,
  beat: 1,
  fence: 1,
});

const mayGo = ({ breaker, pacing, parts }: JobContext, task: Task, batch: Batch): boolean =>
  batch.state === 'due' &&
  batch.notBefore.getTime() <= parts.now() &&
  // Tokens that nobody has registered are looked up once more by dispatch.
  batch.tokens == null &&
  breaker.codeOf(vendorProfileOf(batch)) == null &&
  pacing.isQuiet(task, batch);

/** Takes room for as many of a task's batches as there is. */
export const handOver = (
  context: JobContext,
  door: Door,
  task: Task,
  planned: readonly Batch[],
): HandOver => {
  const entered: { place: Place; batch: Batch }[] = [];
  const batches = planned.map((batch) => {
    const place = mayGo(context, task, batch) ? door.enter(batch) : null;
    if (place == null) return batch;
    const claimed = claimedBy(context.parts.owner, batch, task);
    entered.push({ place, batch: claimed });
    return claimed;
  });
  return {
    batches,
    send(known) {
      for (const { place, batch } of entered) place.send(batch, known);
    },
    leave() {
      for (const { place } of entered) place.leave();
    },
  };
};
