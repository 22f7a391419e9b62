/**
 * Takes notifications back as far as Apple allows: there is no call for it, but what comes later under the same collapse id
 * takes the place of what is shown, and an app can remove by that id what it is told to.
 */
import type { Message, NotRecallable, Recall, RecallManner } from '../adapter.js';
import { collapseIdOf, pushTypeOf } from './compose.js';
import type { ApnsSettings } from './settings.js';

/** Tells the app which notification to remove: it is delivered under its collapse id as identifier. */
export const RECALL_KEY = 'pigeonpost_recall';

export const recalls = (
  { message, replaces }: Recall,
  { recallByApp }: ApnsSettings,
): RecallManner | NotRecallable => {
  if (pushTypeOf(message) !== 'alert') return { reason: 'nothing-shown' };
  if (replaces) return 'replaced';
  return recallByApp ? 'removed' : { reason: 'app-cannot-recall' };
};

/** What is sent in order to take a message back. Nothing of the message but its id: neither texts nor sound nor badge. */
export const recallMessageOf = ({ message, replaces }: Recall): Message => {
  const { taskId, dedupeId, purpose, storeSeconds, title, body } = message;
  const collapseId = collapseIdOf(message);
  const shared = { taskId, dedupeId, purpose, storeSeconds, priority: 'normal' } as const;
  if (!replaces) {
    const data = { [RECALL_KEY]: collapseId };
    return { ...shared, silent: true, data, overrides: { collapseId } };
  }
  return {
    ...shared,
    silent: false,
    ...(title == null ? {} : { title }),
    ...(body == null ? {} : { body }),
    // It lights up no screen: whoever has not seen the first one is told nothing.
    overrides: { collapseId, interruptionLevel: 'passive' },
  };
};
