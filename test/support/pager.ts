/** A made-up vendor with credentials: its settings decide what the vendor says about them. */
import joi from 'joi';
import type { Adapter, Outcome, Vendor } from '../../adapters/adapter.js';

interface PagerSettings {
  endpoint?: string;
  apiKey: string;
  /** What the vendor answers to every push. */
  answers?: 'accepted' | 'gone' | 'refused-message' | 'busy' | 'forbidden';
}

const OUTCOMES: Record<NonNullable<PagerSettings['answers']>, Outcome> = {
  accepted: { kind: 'accepted' },
  gone: { kind: 'token-gone', reason: 'NO_SUCH_PAGER' },
  'refused-message': { kind: 'message-refused', reason: 'TOO_DULL' },
  busy: { kind: 'try-later', reason: 'connect', cause: 'vendor' },
  forbidden: { kind: 'account-refused', reason: 'endpoint-forbidden', detail: 'It is private' },
};

const outcomeOf = ({ apiKey, answers }: PagerSettings): Outcome =>
  apiKey.startsWith('good')
    ? OUTCOMES[answers ?? 'gone']
    : { kind: 'account-refused', reason: 'BAD_KEY', detail: 'The key is not one of ours' };

const open = (settings: PagerSettings): Adapter => {
  if (settings.apiKey === 'unusable') throw new Error('The key has no such form');
  return { send: async (_message, targets) => targets.map(() => outcomeOf(settings)) };
};

const pager: Vendor<PagerSettings> = {
  name: 'pager',
  settings: joi.object<PagerSettings>({
    endpoint: joi.string().uri({ scheme: ['https'] }),
    apiKey: joi.string().required(),
    answers: joi.string().valid(...Object.keys(OUTCOMES)),
  }),
  secrets: ['apiKey'],
  token: joi.string().pattern(/^pager-\d+$/),
  overrides: joi.object({ beeps: joi.number().integer().min(1).max(9) }),
  limits: { payloadBytes: 200, targetsPerRequest: 10, maxStoreSeconds: 3_600 },
  probeToken: 'pager-0',
  check: ({ body = '' }) =>
    body.length <= 200
      ? []
      : [{ code: 'PAYLOAD_TOO_LARGE', field: 'message.body', detail: 'A pager shows 200 letters' }],
  open,
};

export const pagerVendor = pager as unknown as Vendor;
