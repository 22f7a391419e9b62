/** Hands pushes to a running gorush, and waits for each answer. */
import { APNS_HEADERS } from '../apns-push.js';
import { MESSAGE } from '../devices.js';
import type { PushClient, PushClientOptions } from '../push-clients.js';
import { tokenOf } from '../pushes.js';

const BATCH = 100;

export interface GorushAnswer {
  readonly success?: string;
  readonly counts?: number;
  /** Of pushes that failed. */
  readonly logs?: readonly { readonly type?: string }[] | null;
}

/** How many of its pushes the vendor took. */
export const acceptedOf = ({ success, counts = 0, logs }: GorushAnswer): number =>
  success === 'ok' ? counts - (logs?.length ?? 0) : 0;

const notification = (tokens: readonly string[]) => ({
  platform: 1,
  tokens,
  title: MESSAGE.title,
  message: MESSAGE.body,
  topic: APNS_HEADERS['apns-topic'],
  push_type: APNS_HEADERS['apns-push-type'],
  priority: 'high',
  collapse_id: APNS_HEADERS['apns-collapse-id'],
  expiration: Number(APNS_HEADERS['apns-expiration']),
});

export const openGorush = async ({ url, shape }: PushClientOptions): Promise<PushClient> => ({
  batch: BATCH,
  async push(from, count) {
    const tokens = Array.from({ length: count }, (_, index) => tokenOf(shape, from + index));
    const reply = await fetch(`${url}/api/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ notifications: [notification(tokens)] }),
    });
    if (!reply.ok) throw new Error(`gorush answered ${reply.status}`);
    return acceptedOf((await reply.json()) as GorushAnswer);
  },
  close: async () => undefined,
});
