/** Takes notifications back: Huawei revokes what was sent under a number, for up to a thousand tokens at a time. */
import type { NotRecallable, Recall, RecallManner, Target } from '../adapter.js';
import type { VendorRequest } from '../http-adapter.js';
import { isBadgeOnly, isShown, notifyIdOf, pushTypeOf } from './compose.js';
import { PUSH_TYPES } from './push-types.js';
import type { HarmonySettings } from './settings.js';

export const recalls = (
  { message }: Recall,
  { clientId }: HarmonySettings,
): RecallManner | NotRecallable => {
  if (!isShown(message) || isBadgeOnly(message)) return { reason: 'nothing-shown' };
  return clientId == null ? { reason: 'client-id-not-set' } : 'removed';
};

// https://developer.huawei.com/consumer/cn/doc/harmonyos-references/push-msg-revoke
export const composeRecall = (
  { message }: Recall,
  { clientId }: HarmonySettings,
): ((targets: readonly Target[]) => VendorRequest) => {
  const path = `/v1/${clientId}/messages:revoke`;
  const headers = {
    'content-type': 'application/json',
    'push-type': String(PUSH_TYPES[pushTypeOf(message)]),
  };
  const notifyId = notifyIdOf(message);
  return (targets) => ({
    path,
    headers,
    body: JSON.stringify({ notifyId, token: targets.map(({ token }) => token) }),
  });
};
