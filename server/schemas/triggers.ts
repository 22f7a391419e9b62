/** What triggered campaigns and events take, and what is told of their entries. */
import joi from 'joi';
import { MOST_CAP, type Properties, type Trigger } from '../../models/trigger.js';
import { ENTRY_STATES, type EntryState } from '../../models/trigger-entry.js';
import { accountName } from './audience.js';
import { refusal } from './refusal.js';
import { cursor, instant, objectId, pageSize, shownInstant } from './values.js';

/** As one request may bring. */
export const MAX_EVENTS = 500;
const MAX_PROPERTIES = 50;
const MAX_TEXT = 500;
const MAX_EVENT_ID = 128;
const MAX_UNLESS = 20;
const DAY_SECONDS = 24 * 60 * 60;
const MAX_DELAY_SECONDS = 30 * DAY_SECONDS;
const MAX_WINDOW_SECONDS = 366 * DAY_SECONDS;

const NAME_FAULT = 'must begin with a letter and have at most 64 letters, digits, ., _, : or -';
const eventName = joi
  .string()
  .pattern(/^[A-Za-z][A-Za-z0-9._:-]{0,63}$/)
  .description('A letter, and up to 63 letters, digits, `.`, `_`, `:` and `-`')
  .messages({ 'string.pattern.base': NAME_FAULT });

const properties = joi
  .object<Properties>()
  .pattern(
    /^[A-Za-z][A-Za-z0-9_]{0,39}$/,
    joi.alternatives(
      joi.string().allow('').max(MAX_TEXT),
      joi.number().strict(),
      joi.boolean().strict(),
    ),
  )
  .max(MAX_PROPERTIES)
  .messages({
    'object.unknown': 'must have a name of a letter and up to 39 letters, digits and underscores',
  });

const seconds = (least: number, most: number) =>
  joi.number().strict().integer().min(least).max(most);

export const trigger = joi
  .object<Trigger>({
    event: eventName.required(),
    where: properties.min(1).description('The event counts with all of these values only'),
    afterSeconds: seconds(0, MAX_DELAY_SECONDS)
      .required()
      .description('It is sent so long after the event'),
    unless: joi
      .array()
      .items(
        eventName.invalid(joi.ref('...event')).messages({ 'any.invalid': 'must be another event' }),
      )
      .max(MAX_UNLESS)
      .unique()
      .default([])
      .description('Any of these events, at the same time or later, cancels what waits'),
    reentry: joi
      .alternatives(
        joi.string().valid('never'),
        joi.object({ afterSeconds: seconds(0, MAX_WINDOW_SECONDS).required() }),
      )
      .default('never')
      .description(
        'Whether an account that was sent to is sent to again, and how long after the last time at the earliest',
      ),
    cap: joi
      .object({
        limit: seconds(1, MOST_CAP).required(),
        windowSeconds: seconds(1, MAX_WINDOW_SECONDS).required(),
      })
      .description('At most so many pushes of this campaign to an account in any such window'),
  })
  .description('Events start it, for the account of each event');

export interface EventRequest {
  id?: string;
  account: string;
  name: string;
  at?: Date;
  properties: Properties;
}

const eventFields = {
  id: joi
    .string()
    .max(MAX_EVENT_ID)
    .description('Within a week, the same id in the same app is the same event, which counts once'),
  account: accountName,
  name: eventName,
  at: instant.description(
    'When it happened, at most 7 days ago; now unless given, or in the future',
  ),
  properties: properties.description('For `where` of a trigger, and as texts for its template'),
};

export type EventsBody = EventRequest | { items: EventRequest[] };

/** Of one event, where there is no list. */
const alone = <Value extends joi.Schema>(value: Value): Value =>
  value.when('items', { is: joi.exist(), then: joi.forbidden() }) as Value;

export const eventsBody = joi
  .object<EventsBody>({
    id: alone(eventFields.id),
    account: alone(eventFields.account).when('name', { is: joi.exist(), then: joi.required() }),
    name: eventFields.name,
    at: alone(eventFields.at),
    properties: alone(eventFields.properties),
    items: joi
      .array()
      .items(
        joi.object({
          ...eventFields,
          account: eventFields.account.required(),
          name: eventFields.name.required(),
        }),
      )
      .min(1)
      .max(MAX_EVENTS),
  })
  .xor('name', 'items');

export const eventsAnswer = joi.object({
  taken: joi
    .number()
    .integer()
    .required()
    .description('How many events the request had, those with known ids among them'),
});

export interface EntriesQuery {
  state?: EntryState;
  cursor?: string;
  limit: number;
}

const entryState = joi.string().valid(...ENTRY_STATES);

export const entriesQuery = joi.object<EntriesQuery>({
  state: entryState,
  cursor,
  limit: pageSize(50, 200),
});

export const entriesAnswer = joi.object({
  items: joi
    .array()
    .items(
      joi.object({
        id: objectId.required(),
        account: joi.string().required(),
        state: entryState.required(),
        startedAt: shownInstant.required().description('When the event happened'),
        dueAt: shownInstant.required(),
        data: joi.object().unknown().required().description('The properties of the event'),
        task: objectId.description('Of one that was sent; others may share it'),
        version: joi.number().integer().description('Of the campaign, that decided'),
        cancelledBy: joi.string().description('The event'),
        refusal,
        endedAt: shownInstant,
      }),
    )
    .required(),
  nextCursor: joi.string().description('For the next page; missing on the last'),
});
