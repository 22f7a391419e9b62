/** Apps: created and listed by the operator, read and changed by their own admin keys. */
import type { ClientSession } from 'mongoose';
import { type App, appModel } from '../../models/app.js';
import { newAppSecrets } from '../../models/app-secrets.js';
import { isDuplicateKey } from '../../models/duplicate-key.js';
import { keyModel, SERVER_SCOPES } from '../../models/key.js';
import { DEVICES_PER_ACCOUNT } from '../../models/limits.js';
import { newKey } from '../../models/new-key.js';
import { inTransaction } from '../../models/transaction.js';
import type { Directory } from '../directory.js';
import { checkAccess } from '../middleware/authorization.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Answer, type Route, route } from '../route.js';
import {
  type AppChange,
  type AppRequest,
  appAnswer,
  appCreatedAnswer,
  appParams,
  appPatch,
  appRequest,
  appsAnswer,
} from '../schemas/apps.js';
import { keyShown } from './keys.js';

const EXAMPLE_APP = {
  id: 'shop',
  name: 'The shop',
  allowRawTokens: false,
  retentionDays: 90,
  devicesPerAccount: 100,
  createdAt: '2026-11-22T10:00:00.000Z',
};

// JSON leaves out what is undefined.
const shown = (app: App) => ({
  id: app._id,
  name: app.name,
  allowRawTokens: app.allowRawTokens,
  retentionDays: app.retentionDays,
  quietHours: app.quietHours ?? undefined,
  caps: app.caps ?? undefined,
  urgentPurposes: app.urgentPurposes,
  devicesPerAccount: app.devicesPerAccount ?? DEVICES_PER_ACCOUNT,
  createdAt: app.createdAt,
});

const create = async (
  { connection, secretBox, adapters }: ApiParts,
  { id, ...rest }: AppRequest,
  session: ClientSession,
): Promise<Answer> => {
  const createdAt = new Date(adapters.now());
  const { sealed, identitySecret } = newAppSecrets(secretBox, id);
  const app: App = { _id: id, ...rest, ...sealed, createdAt };
  const key = newKey({ app: id, name: 'First key', scopes: SERVER_SCOPES, createdAt });
  try {
    await appModel(connection).create([app], { session });
  } catch (error) {
    throw isDuplicateKey(error) ? problem('APP_EXISTS') : error;
  }
  await keyModel(connection).create([key.document], { session });
  const replayBody = { ...shown(app), adminKey: keyShown(key.document) };
  return {
    status: 201,
    body: { ...replayBody, identitySecret, adminKey: { ...replayBody.adminKey, key: key.text } },
    replayBody,
  };
};

const createApp = (parts: ApiParts): Route =>
  route<unknown, unknown, AppRequest>({
    method: 'post',
    path: '/v1/apps',
    id: 'createApp',
    tag: 'apps',
    summary: 'Create an app, its secrets and its first key',
    body: appRequest,
    creates: true,
    answers: {
      201: {
        description: 'The app, with secrets that are shown only now',
        schema: appCreatedAnswer,
        example: {
          ...EXAMPLE_APP,
          identitySecret: '<shown once>',
          adminKey: {
            id: '6a1f0c2b9d3e4f5a6b',
            name: 'First key',
            scopes: SERVER_SCOPES,
            createdAt: EXAMPLE_APP.createdAt,
            key: '6a1f0c2b9d3e4f5a6b.<shown once>',
          },
        },
      },
    },
    problems: ['APP_EXISTS'],
    example: { body: { id: 'bakery', name: 'The bakery' } },
    handle: ({ body, session }) =>
      session == null
        ? inTransaction(parts.connection, (own) => create(parts, body, own))
        : create(parts, body, session),
  });

const listApps = ({ connection }: ApiParts): Route =>
  route({
    method: 'get',
    path: '/v1/apps',
    id: 'listApps',
    tag: 'apps',
    summary: 'All apps, by id',
    answers: {
      200: { description: 'The apps', schema: appsAnswer, example: { items: [EXAMPLE_APP] } },
    },
    handle: async () => {
      const apps = await appModel(connection).find().sort({ _id: 1 }).lean();
      return { status: 200, body: { items: apps.map(shown) } };
    },
  });

const getApp = ({ connection }: ApiParts): Route =>
  route({
    method: 'get',
    path: '/v1/apps/:app',
    id: 'getApp',
    tag: 'apps',
    summary: 'An app',
    params: appParams,
    answers: { 200: { description: 'The app', schema: appAnswer, example: EXAMPLE_APP } },
    // Read afresh: what another process changed a moment ago is shown.
    handle: async ({ app }) => ({
      status: 200,
      body: shown(await appModel(connection).findById(app._id).orFail().lean()),
    }),
  });

const patchApp = ({ connection, engine }: ApiParts, directory: Directory): Route =>
  route<unknown, unknown, AppChange>({
    method: 'patch',
    path: '/v1/apps/:app',
    id: 'changeApp',
    tag: 'apps',
    summary: 'Change an app',
    description:
      'Other processes of the gateway see the change after at most two seconds. `urgentPurposes` needs the operator key.',
    params: appParams,
    body: appPatch,
    answers: { 200: { description: 'The app', schema: appAnswer, example: EXAMPLE_APP } },
    example: {
      body: {
        name: 'The shop',
        retentionDays: 90,
        quietHours: { rules: [{ from: '22:00', to: '08:00' }], timeZone: 'Europe/Berlin' },
        caps: [
          {
            name: 'marketing-a-day',
            purposes: ['marketing'],
            limit: 3,
            window: { calendar: 'day', timeZone: 'Europe/Berlin' },
          },
        ],
      },
    },
    handle: async ({ app, body, caller }) => {
      // Whoever sends decides what is urgent to them; whether people are woken for it is not theirs to say.
      if (body.urgentPurposes != null) checkAccess(caller, 'operator');
      const changed = await appModel(connection)
        .findByIdAndUpdate(app._id, { $set: body }, { returnDocument: 'after' })
        .orFail()
        .lean();
      directory.forgetApp(app._id);
      engine.appChanged(app._id);
      return { status: 200, body: shown(changed) };
    },
  });

export const appRoutes = (parts: ApiParts, directory: Directory): Route[] => [
  createApp(parts),
  listApps(parts),
  getApp(parts),
  patchApp(parts, directory),
];
