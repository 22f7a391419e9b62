/** Purposes: what an app asks people to agree to, version by version. */
import { dbOf } from '../../models/database.js';
import {
  currentVersions,
  findPurpose,
  listPurposes,
  MAX_PURPOSE_VERSIONS,
  MAX_PURPOSES,
  type PurposeContent,
  type PurposeVersion,
  PurposeVersionExists,
  purposeVersions,
  retirePurpose,
  type ShownPurpose,
  savePurpose,
  TooManyPurposes,
} from '../../models/purpose.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import { appParams } from '../schemas/apps.js';
import {
  EXAMPLE_PURPOSE,
  EXAMPLE_PURPOSE_BODY,
  EXAMPLE_PURPOSE_VERSION,
  type PurposeParams,
  purposeAnswer,
  purposeBody,
  purposeParams,
  purposesAnswer,
  purposeVersionsAnswer,
} from '../schemas/purposes.js';

const versionShown = ({
  version,
  reconsent,
  title,
  text,
  localized,
  createdBy,
  createdAt,
}: PurposeVersion) => ({ version, reconsent, title, text, localized, createdBy, createdAt });

const shown = (purpose: ShownPurpose) => {
  const current = currentVersions(purpose);
  return {
    purpose: purpose.name,
    ...versionShown(purpose.newest),
    currentVersions: current && [...current],
    retiredAt: purpose.retiredAt,
  };
};

const listAll = ({ connection }: ApiParts): Route =>
  route({
    method: 'get',
    path: '/v1/apps/:app/purposes',
    id: 'listPurposes',
    tag: 'consent',
    summary: 'All purposes of the app, by name',
    description:
      'A client key may read them: a phone shows the words, and states the version it has shown.',
    params: appParams,
    answers: {
      200: {
        description: 'Each with the words of its newest version',
        schema: purposesAnswer,
        example: { items: [EXAMPLE_PURPOSE] },
      },
    },
    handle: async ({ app }) => {
      const found = await listPurposes(dbOf(connection), app._id);
      return { status: 200, body: { items: found.map(shown) } };
    },
  });

const getOne = ({ connection }: ApiParts): Route =>
  route<PurposeParams>({
    method: 'get',
    path: '/v1/apps/:app/purposes/:purpose',
    id: 'getPurpose',
    tag: 'consent',
    summary: 'A purpose, with the words of its newest version',
    params: purposeParams,
    answers: {
      200: { description: 'The purpose', schema: purposeAnswer, example: EXAMPLE_PURPOSE },
    },
    handle: async ({ app, params }) => {
      const found = await findPurpose(dbOf(connection), app._id, params.purpose);
      if (found == null) throw problem('NOT_FOUND');
      return { status: 200, body: shown(found) };
    },
  });

const listVersions = ({ connection }: ApiParts): Route =>
  route<PurposeParams>({
    method: 'get',
    path: '/v1/apps/:app/purposes/:purpose/versions',
    id: 'listPurposeVersions',
    tag: 'consent',
    summary: 'Every version of a purpose, the oldest first',
    params: purposeParams,
    answers: {
      200: {
        description: 'What people were asked, and when',
        schema: purposeVersionsAnswer,
        example: { items: [EXAMPLE_PURPOSE_VERSION] },
      },
    },
    handle: async ({ app, params }) => {
      const found = await purposeVersions(dbOf(connection), app._id, params.purpose);
      if (found.length === 0) throw problem('NOT_FOUND');
      return { status: 200, body: { items: found.map(versionShown) } };
    },
  });

const refusal = (error: unknown): unknown => {
  if (error instanceof PurposeVersionExists) {
    return problem('PURPOSE_VERSION_EXISTS', {
      errors: [{ field: 'version', detail: 'Must be new, or the newest one with the same words' }],
    });
  }
  if (!(error instanceof TooManyPurposes)) return error;
  return problem('LIMIT_REACHED', {
    detail: `An app has at most ${MAX_PURPOSES} purposes, and a purpose ${MAX_PURPOSE_VERSIONS} versions`,
  });
};

const putOne = ({ connection, adapters, engine }: ApiParts): Route =>
  route<PurposeParams, unknown, PurposeContent>({
    method: 'put',
    path: '/v1/apps/:app/purposes/:purpose',
    id: 'savePurpose',
    tag: 'consent',
    summary: 'Define a purpose, or write a new version of it',
    description:
      'A version never changes. With `reconsent`, devices that granted an older one end `suppressed: consent-outdated` until ' +
      'they grant again. Other processes of the gateway know of it after two seconds at most.',
    params: purposeParams,
    body: purposeBody,
    answers: {
      200: { description: 'The purpose', schema: purposeAnswer, example: EXAMPLE_PURPOSE },
    },
    problems: ['PURPOSE_VERSION_EXISTS', 'LIMIT_REACHED'],
    example: { body: EXAMPLE_PURPOSE_BODY },
    handle: async ({ app, caller, params, body }) => {
      const made = {
        app: app._id,
        name: params.purpose,
        by: caller.keyId,
        now: new Date(adapters.now()),
      };
      try {
        const saved = await savePurpose(connection, made, body);
        return { status: 200, body: shown(saved) };
      } catch (error) {
        throw refusal(error);
      } finally {
        engine.appChanged(app._id);
      }
    },
  });

const retireOne = ({ connection, adapters, engine }: ApiParts): Route =>
  route<PurposeParams>({
    method: 'delete',
    path: '/v1/apps/:app/purposes/:purpose',
    id: 'retirePurpose',
    tag: 'consent',
    summary: 'Retire a purpose',
    description:
      'No new task may name it. Its versions stay, because the history of consent refers to them, and so does what was agreed ' +
      'to. Tasks that were accepted before go on. A PUT brings it back.',
    params: purposeParams,
    answers: { 204: { description: 'It is retired' } },
    handle: async ({ app, params }) => {
      const now = new Date(adapters.now());
      if (!(await retirePurpose(dbOf(connection), app._id, params.purpose, now))) {
        throw problem('NOT_FOUND');
      }
      engine.appChanged(app._id);
      return { status: 204 };
    },
  });

export const purposeRoutes = (parts: ApiParts): Route[] => [
  listAll(parts),
  getOne(parts),
  listVersions(parts),
  putOne(parts),
  retireOne(parts),
];
