/** What tag routes take and answer. */
import joi from 'joi';
import { tag } from './device-facts.js';
import { objectId, pageSize, shownInstant } from './values.js';

export interface TagsQuery {
  cursor?: string;
  limit: number;
}

export const tagsQuery = joi.object<TagsQuery>({
  cursor: joi.string().max(500).description('`nextCursor` of the page before; opaque'),
  limit: pageSize(100, 100),
});

export const tagParams = joi.object<{ tag: string }>({ tag: tag.required() });
export const removalParams = joi.object<{ removal: string }>({ removal: objectId.required() });

const count = joi.number().integer().min(0);

export const tagAnswer = joi.object({
  tag: joi.string().required(),
  devices: count.required().description('How many devices have it'),
});

export const tagsAnswer = joi.object({
  items: joi.array().items(tagAnswer).required(),
  nextCursor: joi.string().description('For the next page; missing on the last'),
});

export const removalAnswer = joi.object({
  id: objectId.required(),
  tag: joi.string().required(),
  state: joi.string().valid('running', 'done').required(),
  devices: count.required().description('How many devices have lost it so far'),
  askedAt: shownInstant.required(),
  endedAt: shownInstant,
});
