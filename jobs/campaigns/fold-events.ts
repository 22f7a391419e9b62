/** What events make of one account in one triggered campaign. They may arrive in any order: what counts is when they happened. Pure. */
import type { TriggerEntry } from '../../models/trigger-entry.js';
import type { Newest } from '../../models/trigger-standing.js';

export interface Start {
  readonly at: Date;
  readonly dueAt: Date;
  readonly data: TriggerEntry['data'];
}

export interface Cancel {
  readonly at: Date;
  readonly by: string;
}

export type Step = { readonly start: Start } | { readonly cancel: Cancel };

/** Of an entry: `kept` names the stored one that it goes on. */
export interface Wait<Id> extends Start {
  readonly kept?: Id;
}

export interface Folded<Id> {
  readonly newest: Newest;
  readonly waits: Wait<Id> | undefined;
  readonly cancelled: readonly { readonly wait: Wait<Id>; readonly by: string }[];
}

const atOf = (step: Step): number => ('start' in step ? step.start.at : step.cancel.at).getTime();

/** Of two that happened at the same time, what cancels comes last. */
const inOrder = (steps: readonly Step[]): Step[] =>
  steps.toSorted(
    (left, right) =>
      atOf(left) - atOf(right) || Number('cancel' in left) - Number('cancel' in right),
  );

export interface FoldFrom<Id> {
  readonly newest: Newest;
  readonly waits: Wait<Id> | undefined;
  /** False: what does not wait yet does not begin to. */
  readonly begins: boolean;
}

export const foldEvents = <Id>(
  { newest, waits: before, begins }: FoldFrom<Id>,
  steps: readonly Step[],
): Folded<Id> => {
  let { startedAt, cancelledAt } = newest;
  let waits = before;
  const cancelled: { wait: Wait<Id>; by: string }[] = [];
  for (const step of inOrder(steps)) {
    if ('cancel' in step) {
      const { at, by } = step.cancel;
      if (cancelledAt == null || at > cancelledAt) cancelledAt = at;
      if (waits == null || waits.at > at) continue;
      cancelled.push({ wait: waits, by });
      waits = undefined;
      continue;
    }
    const { start } = step;
    // Something newer is known; the same once more is only of use to what waits.
    if (startedAt != null && (start.at < startedAt || (waits == null && start.at <= startedAt))) {
      continue;
    }
    startedAt = start.at;
    const isOver = cancelledAt != null && cancelledAt >= start.at;
    if (isOver || (waits == null && !begins)) continue;
    waits = { ...start, ...(waits?.kept == null ? {} : { kept: waits.kept }) };
  }
  return {
    newest: {
      ...(startedAt == null ? {} : { startedAt }),
      ...(cancelledAt == null ? {} : { cancelledAt }),
    },
    waits,
    cancelled,
  };
};
