/** How a task and its report look in answers. */
import type { Types } from 'mongoose';
import type { Ledger } from '../models/ledger.js';
import type { DueRule, Task } from '../models/task.js';

/** What a summary needs; lists read no more than this. */
export const SUMMARY_FIELDS = {
  state: 1,
  lane: 1,
  'message.purpose': 1,
  'message.template.name': 1,
  'message.template.version': 1,
  reference: 1,
  labels: 1,
  campaign: 1,
  ratePerSecond: 1,
  due: 1,
  expiresAt: 1,
  createdAt: 1,
  scheduledAt: 1,
  firstDueAt: 1,
  lastDueAt: 1,
  plannedAt: 1,
  startedAt: 1,
  endedAt: 1,
  failure: 1,
  recallOf: 1,
} as const;

/** The time that each device has is told by `expiresAt`. */
const dueShown = ({ ttlSeconds: _, ...shown }: DueRule) => shown;

export const taskSummaryShown = (task: Task) => {
  const { template } = task.message;
  const { createdAt, scheduledAt, plannedAt, startedAt, endedAt } = task;
  const { firstDueAt, lastDueAt } = task;
  return {
    id: task._id.toHexString(),
    state: task.state,
    lane: task.lane,
    purpose: task.message.purpose,
    // JSON leaves out what is undefined.
    template: template && { name: template.name, version: template.version },
    reference: task.reference,
    labels: task.labels,
    campaign: task.campaign?.toHexString(),
    ratePerSecond: task.ratePerSecond,
    schedule: task.due && dueShown(task.due),
    expiresAt: task.expiresAt,
    timings: { createdAt, scheduledAt, firstDueAt, lastDueAt, plannedAt, startedAt, endedAt },
    failure: task.failure,
    recallOf: task.recallOf?.toHexString(),
  };
};

export const countsShown = ({ targeted, pending, states }: Ledger) => ({
  targeted,
  pending,
  ...states,
});

/** `recalledBy`: its recall, if there is one. */
export const taskShown = (task: Task, report: Ledger, recalledBy: Types.ObjectId | undefined) => ({
  ...taskSummaryShown(task),
  recalledBy: recalledBy?.toHexString(),
  counts: countsShown(report),
  unmatched: task.unmatched,
  reasons: report.reasons,
  byVendor: report.byVendor,
});
