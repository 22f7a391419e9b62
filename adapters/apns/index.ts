/** APNs: pushes to Apple's devices over the HTTP/2 provider API. */
import Joi from 'joi';
import type { Message, Target, Vendor } from '../adapter.js';
import { fitAdapter } from '../fit-adapter.js';
import { httpAdapter, type VendorRequest } from '../http-adapter.js';
import { authorize } from './authorize.js';
import { check, PAYLOAD_BYTES, payloadBytes } from './check.js';
import { compose, requestTo } from './compose.js';
import { overrides } from './overrides.js';
import { read } from './read.js';
import { recallMessageOf, recalls } from './recall.js';
import { type ApnsSettings, secrets, settings } from './settings.js';

/** Apple keeps a notification for an offline device for up to 30 days. */
const MAX_STORE_SECONDS = 30 * 86_400;

const apns: Vendor<ApnsSettings> = {
  name: 'apns',
  platform: 'ios',
  settings,
  secrets,
  // Apple says not to assume a size: tokens of live activities are longer than the 64 digits of today's device tokens.
  token: Joi.string()
    .lowercase()
    .pattern(/^([0-9a-f]{2}){32,100}$/i, '64 to 200 hexadecimal digits'),
  overrides,
  limits: { payloadBytes: PAYLOAD_BYTES, targetsPerRequest: 1, maxStoreSeconds: MAX_STORE_SECONDS },
  // Not 64 times the same digit: a token that is refused at sight would leave the credential untried.
  probeToken: '96536a76d22e7c687376f0173ac76a197cf4f92fef96d5eb1dd1f4a2a978fb08',
  check,
  payloadBytes,
  recalls,
  open(given, deps) {
    const { authorizer, credential, tls } = authorize(given, deps);
    const { endpoint, ca } = given;
    const composed = (message: Message): ((targets: readonly Target[]) => VendorRequest) => {
      const push = compose(message, given, deps.now());
      return (targets) => requestTo(push, firstOf(targets));
    };
    const adapter = httpAdapter({
      transport: deps.transport,
      origin: {
        url: endpoint,
        credential,
        ...(tls || ca ? { tls: { ...tls, ...(ca ? { ca } : {}) } } : {}),
      },
      authorizer,
      targetsPerRequest: 1,
      compose: composed,
      composeRecall: (recall) => composed(recallMessageOf(recall)),
      read,
    });
    return fitAdapter(adapter, (message) => check(message, given));
  },
};

const firstOf = <T>(items: readonly T[]): T => {
  const [first] = items;
  if (first === undefined) throw new Error('A request needs a target');
  return first;
};

export default apns as unknown as Vendor;
