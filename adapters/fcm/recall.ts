/**
 * Takes notifications back as far as FCM allows: there is no call for it, but what comes later under the same tag (Android)
 * or collapse id (iOS) takes the place of what is shown, and an app can remove by that name what it is told to.
 */
import type { Message, NotRecallable, Recall, RecallManner } from '../adapter.js';
import { isDataOnly } from './compose.js';
import { RECALL_KEY } from './data-keys.js';
import type { FcmSettings } from './settings.js';

type Members = Readonly<Record<string, unknown>> | undefined;

const member = (of: Members, name: string): Members => of?.[name] as Members;

/** The names under which the push is shown: those it was sent with, a caller's own included. */
const namesOf = ({ overrides, collapseKey, dedupeId }: Message) => {
  const given = collapseKey ?? dedupeId;
  const { tag = given } = member(member(overrides, 'android'), 'notification') ?? {};
  const headers = member(member(overrides, 'apns'), 'headers');
  return { tag: tag as string, collapseId: (headers?.['apns-collapse-id'] ?? given) as string };
};

export const recalls = (
  { message, replaces }: Recall,
  { recallByApp }: Pick<FcmSettings, 'recallByApp'>,
): RecallManner | NotRecallable => {
  if (message.silent) return { reason: 'nothing-shown' };
  // What an app makes of data alone is its own affair: only the app can undo it.
  if (replaces && !isDataOnly(message)) return 'replaced';
  return recallByApp ? 'removed' : { reason: 'app-cannot-recall' };
};

/** What is sent in order to take a message back. Nothing of the message but its names: neither image nor sound nor badge. */
export const recallMessageOf = ({ message, replaces }: Recall): Message => {
  const { taskId, dedupeId, purpose, storeSeconds, title, body } = message;
  const { tag, collapseId } = namesOf(message);
  const shared = { taskId, dedupeId, purpose, storeSeconds, priority: 'normal' } as const;
  const apns = { headers: { 'apns-collapse-id': collapseId } };
  if (!replaces || isDataOnly(message)) {
    return { ...shared, silent: true, data: { [RECALL_KEY]: tag }, overrides: { apns } };
  }
  return {
    ...shared,
    silent: false,
    ...(title == null ? {} : { title }),
    ...(body == null ? {} : { body }),
    overrides: {
      android: { notification: { tag } },
      // It lights up no screen: whoever has not seen the first one is told nothing.
      apns: { ...apns, payload: { aps: { 'interruption-level': 'passive' } } },
    },
  };
};
