/** Harmony: pushes to HarmonyOS NEXT devices over Huawei's Push Kit REST API v3. */
import Joi from 'joi';
import type { Vendor } from '../adapter.js';
import { fitAdapter } from '../fit-adapter.js';
import { httpAdapter } from '../http-adapter.js';
import { authorize } from './authorize.js';
import { check, PAYLOAD_BYTES, payloadBytes } from './check.js';
import { compose, MAX_TTL_SECONDS, requestTo, targetsPerRequest } from './compose.js';
import { overrides } from './overrides.js';
import { TOKENS_PER_REQUEST } from './push-types.js';
import { read } from './read.js';
import { composeRecall, recalls } from './recall.js';
import { type HarmonySettings, secrets, settings } from './settings.js';

const harmony: Vendor<HarmonySettings> = {
  name: 'harmony',
  platform: 'harmonyos',
  settings,
  secrets,
  // Opaque; Huawei documents neither length nor characters.
  token: Joi.string().pattern(/^[\x21-\x7e]{20,512}$/, '20 to 512 printable characters'),
  overrides,
  countsBadges: true,
  limits: {
    payloadBytes: PAYLOAD_BYTES,
    targetsPerRequest: TOKENS_PER_REQUEST,
    maxStoreSeconds: MAX_TTL_SECONDS,
  },
  probeToken: 'MAMzLgPigeonpostProbeTokenThatBelongsToNobody0000000000000000000000000',
  check,
  payloadBytes,
  recalls,
  open(given, deps) {
    const { authorizer, credential } = authorize(given.serviceAccount, deps);
    const { endpoint, ca } = given;
    const adapter = httpAdapter({
      transport: deps.transport,
      origin: {
        url: endpoint,
        credential,
        ...(ca == null ? {} : { tls: { ca } }),
      },
      authorizer,
      targetsPerRequest: (message) => targetsPerRequest(message, given),
      compose(message) {
        const composed = compose(message, given);
        return (targets) => requestTo(composed, targets);
      },
      composeRecall: (recall) => composeRecall(recall, given),
      read,
    });
    return fitAdapter(adapter, (message) => check(message, given));
  },
};

export default harmony as unknown as Vendor;
