/** The smallest complete vendor: nothing leaves the process, and the token says what becomes of the push. */
import Joi from 'joi';
import type { Vendor } from '../adapter.js';
import { fitAdapter } from '../fit-adapter.js';
import { type SandboxSettings, sandboxAdapter } from './answer.js';
import { check, PAYLOAD_BYTES, payloadBytes } from './check.js';

const MAX_WAIT_MS = 60_000;

const settings = Joi.object<SandboxSettings>({
  latencyMs: Joi.number().integer().min(0).max(MAX_WAIT_MS).default(0),
  slowMs: Joi.number().integer().min(0).max(MAX_WAIT_MS).default(1000),
  apiKey: Joi.string().max(200),
});

const sandbox: Vendor<SandboxSettings> = {
  name: 'sandbox',
  settings,
  secrets: ['apiKey'],
  token: Joi.string()
    .pattern(/^sandbox-[a-z0-9]+(-[\w-]+)?$/)
    .max(200),
  overrides: Joi.object({}),
  limits: { payloadBytes: PAYLOAD_BYTES, targetsPerRequest: 1000, maxStoreSeconds: 86_400 },
  probeToken: 'sandbox-gone-probe',
  check,
  payloadBytes,
  recalls: ({ message }) => (message.silent ? { reason: 'nothing-shown' } : 'removed'),
  open: (given, deps) => fitAdapter(sandboxAdapter(given, deps), check),
};

export default sandbox as unknown as Vendor;
