/** Finds what FCM would refuse in a message before FCM is asked. Pure. */
import type { Message, Problem } from '../adapter.js';
import { largestField } from '../largest-field.js';
import { dataOf, notificationOf } from './compose.js';
import { isReservedKey } from './data-keys.js';

/** For a message to a token; a topic has half of it. */
export const PAYLOAD_BYTES = 4096;
/** https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns */
const COLLAPSE_ID_BYTES = 64;

const invalid = (field: string, detail: string): Problem => ({
  code: 'MESSAGE_INVALID',
  field,
  detail,
});

/** The UTF-8 bytes of keys and values, as FCM counts a payload. */
const bytesOf = (members: Readonly<Record<string, unknown>> | undefined): number =>
  Object.entries(members ?? {}).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value)),
    0,
  );

/** Android gets `android.data` in the place of `data`, if there is one. */
const androidDataOf = ({ overrides }: Message): Readonly<Record<string, string>> | undefined =>
  (overrides?.android as { data?: Readonly<Record<string, string>> } | undefined)?.data;

export const payloadBytes = (message: Message): number =>
  bytesOf(notificationOf(message)) +
  Math.max(bytesOf(dataOf(message)), bytesOf(androidDataOf(message)));

export const check = (message: Message): Problem[] => {
  const problems: Problem[] = [];
  for (const key of Object.keys(message.data ?? {}).filter(isReservedKey)) {
    problems.push(invalid(`message.data.${key}`, 'FCM keeps this key for itself, choose another'));
  }
  if (message.image != null && !message.image.startsWith('https://')) {
    problems.push(invalid('message.image', 'FCM takes https URLs only'));
  }
  const { collapseKey } = message;
  if (collapseKey != null && Buffer.byteLength(collapseKey) > COLLAPSE_ID_BYTES) {
    const detail = `At most ${COLLAPSE_ID_BYTES} bytes reach an iOS device`;
    problems.push(invalid('message.collapseKey', detail));
  }
  const bytes = payloadBytes(message);
  if (bytes > PAYLOAD_BYTES) {
    const detail = `Payload is ${bytes} bytes, fcm allows ${PAYLOAD_BYTES}`;
    problems.push({ code: 'PAYLOAD_TOO_LARGE', field: largestField(message), detail });
  }
  return problems;
};
