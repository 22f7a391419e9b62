/** A push to APNs as the gateway sends it, of the same size. */
import { MESSAGE } from './devices.js';

export const APNS_HEADERS = {
  'apns-topic': 'com.example.pigeon',
  'apns-push-type': 'alert',
  'apns-priority': '10',
  'apns-expiration': '1900000000',
  'apns-collapse-id': 'bench-bench-bench',
  // Of the size of a signed one; nobody looks at it here.
  authorization: `bearer ${'x'.repeat(200)}`,
};

export const APNS_BODY = Buffer.from(JSON.stringify({ aps: { alert: MESSAGE } }));
