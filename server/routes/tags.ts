/** Tags of an app: how many devices have each, and how one is deleted everywhere. */
import type { Types } from 'mongoose';
import { dbOf } from '../../models/database.js';
import { fewAtOnce } from '../../models/few-at-once.js';
import { askForRemoval, removalOf, type TagRemoval } from '../../models/tag-removal.js';
import { devicesWithTag, tagsInUse } from '../../models/tags-in-use.js';
import { nameCursor, readNameCursor } from '../cursor.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import {
  removalAnswer,
  removalParams,
  type TagsQuery,
  tagAnswer,
  tagParams,
  tagsAnswer,
  tagsQuery,
} from '../schemas/tags.js';
import { toObjectId } from '../schemas/values.js';

const EXAMPLE_REMOVAL = {
  id: '6921a1b2c3d4e5f607182931',
  tag: 'trial',
  state: 'running',
  devices: 12_000,
  askedAt: '2026-11-22T10:00:00.000Z',
};

// JSON leaves out what is undefined.
const removalShown = ({ _id, tag, state, devices, askedAt, endedAt }: TagRemoval) => ({
  id: _id.toHexString(),
  tag,
  state,
  devices,
  askedAt,
  endedAt,
});

const listTags = ({ connection }: ApiParts): Route =>
  route<unknown, TagsQuery>({
    method: 'get',
    path: '/v1/tags',
    id: 'listTags',
    tag: 'devices',
    summary: 'All tags that devices have, with how many devices each',
    description: 'In the order of their bytes (UTF-8). Counted exactly, when it is asked.',
    query: tagsQuery,
    answers: {
      200: {
        description: 'The tags',
        schema: tagsAnswer,
        example: { items: [{ tag: 'vip', devices: 4_711 }] },
      },
    },
    example: { query: { limit: '10' } },
    handle: async ({ app, query: { cursor, limit } }) => {
      const db = dbOf(connection);
      const after = cursor == null ? '' : readNameCursor(cursor);
      const tags: string[] = [];
      for await (const tag of tagsInUse(db, app._id, after)) {
        tags.push(tag);
        if (tags.length > limit) break;
      }
      const page = tags.slice(0, limit);
      const items = await fewAtOnce(page, async (tag) => ({
        tag,
        devices: await devicesWithTag(db, app._id, tag),
      }));
      const last = tags.length > limit ? page.at(-1) : undefined;
      return {
        status: 200,
        // The last device may have lost a tag between the two looks.
        body: {
          items: items.filter(({ devices }) => devices > 0),
          nextCursor: last == null ? undefined : nameCursor(last),
        },
      };
    },
  });

const getTag = ({ connection }: ApiParts): Route =>
  route<{ tag: string }>({
    method: 'get',
    path: '/v1/tags/:tag',
    id: 'getTag',
    tag: 'devices',
    summary: 'How many devices have a tag',
    params: tagParams,
    answers: {
      200: {
        description: 'The tag; 0 for one that no device has',
        schema: tagAnswer,
        example: { tag: 'vip', devices: 4_711 },
      },
    },
    handle: async ({ app, params: { tag } }) => ({
      status: 200,
      body: { tag, devices: await devicesWithTag(dbOf(connection), app._id, tag) },
    }),
  });

const deleteTag = ({ connection, adapters }: ApiParts): Route =>
  route<{ tag: string }>({
    method: 'delete',
    path: '/v1/tags/:tag',
    id: 'deleteTag',
    tag: 'devices',
    summary: 'Take a tag from all devices',
    description:
      'Answered before it is done; ask `GET /v1/tag-removals/:removal` how far it is. Every device that has the tag now loses ' +
      'it; one that gets it meanwhile may keep it. Asked again while it runs, the same removal begins anew.',
    params: tagParams,
    answers: {
      202: {
        description: 'It is going to be done, whatever happens to this process',
        schema: removalAnswer,
        example: { ...EXAMPLE_REMOVAL, devices: 0 },
      },
    },
    handle: async ({ app, params: { tag } }) => {
      const now = new Date(adapters.now());
      const removal = await askForRemoval(dbOf(connection), { app: app._id, tag, now });
      return { status: 202, body: removalShown(removal) };
    },
  });

const removalNow = async (
  { connection }: ApiParts,
  app: string,
  id: Types.ObjectId,
): Promise<TagRemoval> => {
  const removal = await removalOf(dbOf(connection), app, id);
  if (removal == null) throw problem('NOT_FOUND');
  return removal;
};

const getRemoval = (parts: ApiParts): Route =>
  route<{ removal: string }>({
    method: 'get',
    path: '/v1/tag-removals/:removal',
    id: 'getTagRemoval',
    tag: 'devices',
    summary: 'How far the deletion of a tag is',
    description: 'Known for a week after its end.',
    params: removalParams,
    answers: {
      200: { description: 'The removal', schema: removalAnswer, example: EXAMPLE_REMOVAL },
    },
    handle: async ({ app, params: { removal } }) => ({
      status: 200,
      body: removalShown(await removalNow(parts, app._id, toObjectId(removal))),
    }),
  });

export const tagRoutes = (parts: ApiParts): Route[] => [
  listTags(parts),
  getTag(parts),
  deleteTag(parts),
  getRemoval(parts),
];
