/** What task routes answer. */
import joi from 'joi';
import { DELIVERY_STATES } from '../../models/batch.js';
import { LANES, TASK_STATES } from '../../models/task.js';
import { objectId, shownInstant } from './values.js';

const count = joi.number().integer().min(0);
const countByName = joi.object().pattern(joi.string(), count);

export const counts = joi.object({
  targeted: count.required(),
  pending: count.required(),
  ...Object.fromEntries(DELIVERY_STATES.map((state) => [state, count.required()])),
});

export const taskState = joi.string().valid(...TASK_STATES);

const summaryFields = {
  id: objectId.required(),
  state: taskState.required(),
  lane: joi
    .string()
    .valid(...LANES)
    .required(),
  purpose: joi.string().required(),
  template: joi
    .object({ name: joi.string().required(), version: joi.number().integer().required() })
    .description('That its message was taken from'),
  reference: joi.string(),
  labels: joi.object().pattern(joi.string(), joi.string().allow('')),
  campaign: objectId.description('That it is a run of'),
  ratePerSecond: joi
    .number()
    .integer()
    .description('Sent no faster than this; missing without such a wish'),
  expiresAt: shownInstant.required(),
  timings: joi
    .object({
      createdAt: shownInstant.required(),
      scheduledAt: shownInstant,
      plannedAt: shownInstant,
      startedAt: shownInstant,
      endedAt: shownInstant,
    })
    .required(),
  failure: joi.string().description('Why it is `failed`'),
  recallOf: objectId.description('It takes back what this task has sent'),
};

export const taskAccepted = joi.object({
  id: objectId.required(),
  state: taskState.required(),
});

export const recallAccepted = taskAccepted.append({
  recallOf: objectId.required().description('The task that is taken back'),
});

export const previewAnswer = joi.object({
  targeted: count.required().description('All of the audience'),
  reached: count.required(),
  byVendor: countByName.required().description('Of the reached'),
  byLocale: countByName
    .required()
    .description("Of the reached, by the text that they get; `default` is the message's own"),
  suppressed: countByName.required().description('Who is not pushed to, by reason'),
  failed: countByName.required().description('For whom there is no message, by reason'),
  expired: countByName.required().description('Who would have to wait for too long, by reason'),
  held: countByName.required().description('Of the reached, who has to wait, by reason'),
  unmatched: count.required().description('Accounts of the audience without a device'),
  firstAt: shownInstant.description('When the first push leaves; missing when nobody is reached'),
  lastAt: shownInstant.description('When the last one may leave'),
  estimate: joi
    .object({
      sampled: count.required().description('Devices that were looked at'),
      margin: count
        .required()
        .description('No number is further off than this, with a probability of 95 %'),
    })
    .description('Only of `fast`, where there are more devices than are looked at'),
});

export const taskSummary = joi.object(summaryFields);

export const tasksAnswer = joi.object({
  items: joi.array().items(taskSummary).required(),
  nextCursor: joi.string().description('For the next page; missing on the last'),
});

export const taskAnswer = joi.object({
  ...summaryFields,
  counts: counts
    .required()
    .description('`targeted` is the sum of `pending` and all states behind it, at every moment'),
  recalledBy: objectId.description('The task that takes back what this one has sent'),
  unmatched: count.required().description('Accounts without a device; not in `targeted`'),
  reasons: joi
    .object()
    .pattern(joi.string(), countByName)
    .required()
    .description('By state, then by reason'),
  byVendor: joi.object().pattern(joi.string(), counts).required(),
});

export const deliveryState = joi.string().valid(...DELIVERY_STATES, 'pending');

export const deliveryRow = joi.object({
  device: objectId.required(),
  state: deliveryState.required(),
  reason: joi.string(),
  vendor: joi.string(),
  profile: joi.string(),
  vendorMessageId: joi.string(),
  attempts: count.required(),
  at: shownInstant,
  freesAt: shownInstant.description('Of `capped`: when the cap has room again'),
});

export const deliveriesAnswer = joi.object({
  items: joi.array().items(deliveryRow).required(),
  nextCursor: joi.string().description('For the next page; missing on the last'),
});
