/** Events of accounts: what they start and cancel is up to triggered campaigns. */
import { type AccountEvent, EVENT_AGE_MS } from '../../models/trigger.js';
import type { ApiParts } from '../parts.js';
import { type FieldError, problem } from '../problems.js';
import { type Route, route } from '../route.js';
import {
  type EventRequest,
  type EventsBody,
  eventsAnswer,
  eventsBody,
  MAX_EVENTS,
} from '../schemas/triggers.js';

const eventsOf = (body: EventsBody): readonly EventRequest[] =>
  'items' in body ? body.items : [body];

/** What is older cannot be told from what was sent again. */
const ageErrors = (body: EventsBody, nowMs: number): FieldError[] =>
  eventsOf(body).flatMap(({ at }, index) => {
    if (at == null || at.getTime() >= nowMs - EVENT_AGE_MS) return [];
    const field = 'items' in body ? `items[${index}].at` : 'at';
    return [{ field, detail: 'Must not be more than 7 days ago' }];
  });

const accountEvent = ({ at, ...event }: EventRequest, nowMs: number): AccountEvent => ({
  ...event,
  properties: event.properties ?? {},
  at: new Date(Math.min(at?.getTime() ?? nowMs, nowMs)),
});

const takeEvents = ({ engine, adapters }: ApiParts): Route =>
  route<unknown, unknown, EventsBody>({
    method: 'post',
    path: '/v1/events',
    id: 'takeEvents',
    tag: 'campaigns',
    summary: 'Tell what accounts have done',
    description:
      `One event, or up to ${MAX_EVENTS} as \`items\`. Campaigns with a trigger are started and cancelled by them; what no ` +
      'campaign waits for is not kept.',
    body: eventsBody,
    answers: {
      202: { description: 'They have counted', schema: eventsAnswer, example: { taken: 1 } },
    },
    example: {
      body: {
        id: 'cart-7719-4',
        account: 'customer-1042',
        name: 'cart-updated',
        properties: { items: 3, total: '59.90 €' },
      },
    },
    handle: async ({ app, body }) => {
      const nowMs = adapters.now();
      const errors = ageErrors(body, nowMs);
      if (errors.length > 0) throw problem('VALIDATION_FAILED', { errors });
      const events = eventsOf(body).map((event) => accountEvent(event, nowMs));
      await engine.takeEvents(app._id, events);
      return { status: 202, body: { taken: events.length } };
    },
  });

export const eventRoutes = (parts: ApiParts): Route[] => [takeEvents(parts)];
