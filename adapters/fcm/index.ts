/** Firebase Cloud Messaging, HTTP v1: Android, and iOS and the web through Firebase. */
import Joi from 'joi';
import type { Vendor } from '../adapter.js';
import { fitAdapter } from '../fit-adapter.js';
import { httpAdapter } from '../http-adapter.js';
import { googleAuthorizer } from './authorize.js';
import { check, PAYLOAD_BYTES, payloadBytes } from './check.js';
import { compose } from './compose.js';
import { MAX_TTL_SECONDS, overrides } from './overrides.js';
import { read } from './read.js';
import { recallMessageOf, recalls } from './recall.js';
import { type FcmSettings, settings } from './settings.js';

/** Google asks clients to wait at least 10 s; its own libraries wait this long. */
const TIMEOUT_MS = 15_000;

/**
 * 600,000 messages a minute for each project, and no sudden start.
 * https://firebase.google.com/docs/cloud-messaging/throttling-and-quotas
 * https://firebase.google.com/docs/cloud-messaging/scale-fcm
 */
const PACING = { perSecond: 10_000, rampUpSeconds: 60 } as const;

const fcm: Vendor<FcmSettings> = {
  name: 'fcm',
  platform: 'android',
  settings,
  secrets: ['serviceAccount'],
  // Tokens have no documented length.
  token: Joi.string()
    .pattern(/^[\w:-]+$/, 'a registration token')
    .max(4096),
  overrides,
  limits: {
    payloadBytes: PAYLOAD_BYTES,
    targetsPerRequest: 1,
    maxStoreSeconds: MAX_TTL_SECONDS,
  },
  pacing: PACING,
  probeToken: 'pigeonpost-probe:belongs-to-nobody',
  check,
  payloadBytes,
  recalls,
  open(given, deps) {
    const { endpoint, ca, serviceAccount } = given;
    const way = ca == null ? {} : { tls: { ca } };
    const adapter = httpAdapter({
      transport: deps.transport,
      origin: { ...way, url: endpoint, credential: `fcm/${serviceAccount.project_id}` },
      authorizer: googleAuthorizer(given, way, deps),
      targetsPerRequest: 1,
      timeoutMs: TIMEOUT_MS,
      compose: (message) => compose(message, given, deps.now()),
      composeRecall: (recall) => compose(recallMessageOf(recall), given, deps.now()),
      read,
    });
    return fitAdapter(adapter, check);
  },
};

export default fcm as unknown as Vendor;
