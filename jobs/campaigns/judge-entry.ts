/** Whether a triggered campaign may send to an account that it has sent to before. Pure. */
import type { Trigger } from '../../models/trigger.js';

const SECOND_MS = 1_000;

export const judgeEntry = (
  { reentry, cap }: Pick<Trigger, 'reentry' | 'cap'>,
  sentAt: readonly Date[],
  now: Date,
): 'send' | 'reentry' | 'capped' => {
  const sinceMs = (at: Date): number => now.getTime() - at.getTime();
  const last = sentAt.at(-1);
  if (last != null && reentry === 'never') return 'reentry';
  if (last != null && reentry !== 'never' && sinceMs(last) < reentry.afterSeconds * SECOND_MS) {
    return 'reentry';
  }
  if (cap == null) return 'send';
  const within = sentAt.filter((at) => sinceMs(at) < cap.windowSeconds * SECOND_MS);
  return within.length < cap.limit ? 'send' : 'capped';
};
