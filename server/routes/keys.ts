/** Keys of an app: made, listed and revoked; their secret half is shown once. */
import { type Key, keyModel } from '../../models/key.js';
import { newKey } from '../../models/new-key.js';
import type { Directory } from '../directory.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import {
  appParams,
  type KeyRequest,
  keyCreatedAnswer,
  keyParams,
  keyRequest,
  keysAnswer,
} from '../schemas/apps.js';

const EXAMPLE_KEY = {
  id: '6a1f0c2b9d3e4f5a6b',
  name: 'Order service',
  scopes: ['tasks:write', 'tasks:read'],
  createdAt: '2026-11-22T10:00:00.000Z',
};

export const keyShown = ({ _id, name, scopes, createdAt, revokedAt }: Key) => ({
  id: _id,
  name,
  scopes,
  createdAt,
  ...(revokedAt == null ? {} : { revokedAt }),
});

const createKey = ({ connection, adapters }: ApiParts): Route =>
  route<unknown, unknown, KeyRequest>({
    method: 'post',
    path: '/v1/apps/:app/keys',
    id: 'createKey',
    tag: 'apps',
    summary: 'Make a key',
    params: appParams,
    body: keyRequest,
    creates: true,
    answers: {
      201: {
        description: 'The key, with its secret, which is shown only now',
        schema: keyCreatedAnswer,
        example: { ...EXAMPLE_KEY, key: '6a1f0c2b9d3e4f5a6b.<shown once>' },
      },
    },
    example: { body: { name: 'Order service', scopes: ['tasks:write', 'tasks:read'] } },
    handle: async ({ app, body, session }) => {
      const { document, text } = newKey({
        app: app._id,
        ...body,
        createdAt: new Date(adapters.now()),
      });
      await keyModel(connection).create([document], session == null ? {} : { session });
      const replayBody = keyShown(document);
      return { status: 201, body: { ...replayBody, key: text }, replayBody };
    },
  });

const listKeys = ({ connection }: ApiParts): Route =>
  route({
    method: 'get',
    path: '/v1/apps/:app/keys',
    id: 'listKeys',
    tag: 'apps',
    summary: 'All keys of the app, revoked ones too',
    params: appParams,
    answers: {
      200: { description: 'The keys', schema: keysAnswer, example: { items: [EXAMPLE_KEY] } },
    },
    handle: async ({ app }) => {
      const keys = await keyModel(connection).find({ app: app._id }).sort({ createdAt: 1, _id: 1 });
      return { status: 200, body: { items: keys.map((key) => keyShown(key.toObject())) } };
    },
  });

const revokeKey = ({ connection, adapters }: ApiParts, directory: Directory): Route =>
  route<{ key: string }>({
    method: 'delete',
    path: '/v1/apps/:app/keys/:key',
    id: 'revokeKey',
    tag: 'apps',
    summary: 'Revoke a key',
    description: 'Other processes of the gateway refuse it after at most two seconds.',
    params: keyParams,
    answers: { 204: { description: 'It is revoked' } },
    handle: async ({ app, params }) => {
      const revoked = await keyModel(connection).updateOne(
        { _id: params.key, app: app._id, revokedAt: null },
        { $set: { revokedAt: new Date(adapters.now()) } },
      );
      if (revoked.matchedCount === 0) throw problem('NOT_FOUND');
      directory.forgetKey(params.key);
      return { status: 204 };
    },
  });

export const keyRoutes = (parts: ApiParts, directory: Directory): Route[] => [
  createKey(parts),
  listKeys(parts),
  revokeKey(parts, directory),
];
