/** How recalls are sent: what differs from a push is how the vendor is asked, and who may be asked for. */
import type { Adapter, NotRecallable, RecallManner } from '../adapters/adapter.js';
import type { Task } from '../models/task.js';
import { messageFor } from './message.js';
import type { OpenProfile } from './profiles.js';

const CANNOT: NotRecallable = { reason: 'vendor-cannot-recall' };

/** Sends the task's message, or takes back what was sent under its name. */
export const sendingFor = (
  task: Pick<Task, 'recallOf' | 'replacement'>,
  adapter: Adapter,
): Pick<Adapter, 'send' | 'ready'> => {
  if (task.recallOf == null) return adapter;
  const replaces = task.replacement != null;
  return {
    ready: async () => adapter.ready?.(),
    send: async (message, targets, ...rest) =>
      // Never `send`: that would push the message once more.
      (await adapter.recall?.({ message, replaces }, targets, ...rest)) ??
      targets.map(() => ({ kind: 'message-refused', ...CANNOT })),
  };
};

/** By profile; undefined for a task that is no recall. */
export const recallManners = (
  task: Task,
  profiles: ReadonlyMap<string, OpenProfile>,
  nowMs: number,
): ReadonlyMap<string, RecallManner | NotRecallable> | undefined => {
  if (task.recallOf == null) return undefined;
  const replaces = task.replacement != null;
  const manners = [...profiles].map(([key, { vendor, settings }]) => {
    const message = messageFor(task, vendor, { locale: '' }, nowMs);
    return [key, vendor.recalls?.({ message, replaces }, settings) ?? CANNOT] as const;
  });
  return new Map(manners);
};
