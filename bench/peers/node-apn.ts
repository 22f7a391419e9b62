/** @parse/node-apn, told by its own options where the sink is. */
import { Notification, Provider } from '@parse/node-apn';
import { APNS_HEADERS } from '../apns-push.js';
import { MESSAGE } from '../devices.js';
import { ecKey } from '../keys.js';
import type { PushClient, PushClientOptions } from '../push-clients.js';
import { tokenOf } from '../pushes.js';

/** A notification is compiled once for all recipients of a call, as its manual advises. */
const BATCH = 100;
const TIMEOUT_MS = 60_000;

const notification = (): Notification => {
  const made = new Notification({ alert: MESSAGE });
  made.topic = APNS_HEADERS['apns-topic'];
  made.pushType = 'alert';
  made.priority = Number(APNS_HEADERS['apns-priority']);
  made.expiry = Number(APNS_HEADERS['apns-expiration']);
  made.collapseId = APNS_HEADERS['apns-collapse-id'];
  return made;
};

export const openNodeApn = async ({ url, ca, shape }: PushClientOptions): Promise<PushClient> => {
  const { hostname, port } = new URL(url);
  const options = {
    token: { key: ecKey(), keyId: 'PIGEONKEY1', teamId: 'PIGEONTEAM' },
    address: hostname,
    port: Number(port),
    ca: [ca],
    requestTimeout: TIMEOUT_MS,
  };
  const provider = new Provider(options);
  const message = notification();
  return {
    batch: BATCH,
    async push(from, count) {
      const recipients = Array.from({ length: count }, (_, index) => tokenOf(shape, from + index));
      return (await provider.send(message, recipients)).sent.length;
    },
    close: () => new Promise((resolve) => provider.shutdown(resolve)),
  };
};
