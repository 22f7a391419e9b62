/** Templates of messages: written in versions, shown, and put together with sample data before anything is sent. */
import { TaskRefused } from '../../jobs/engine.js';
import { localeFor } from '../../jobs/message.js';
import { dbOf } from '../../models/database.js';
import {
  deleteTemplate,
  findTemplate,
  listTemplates,
  saveTemplate,
  type TemplateContent,
  type TemplateVersion,
  templateVersions,
} from '../../models/template.js';
import { invalidCursor, nameCursor, readNameCursor } from '../cursor.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import {
  type PreviewBody,
  previewAnswer,
  previewBody,
  type TemplatesQuery,
  templateAnswer,
  templateBody,
  templateParams,
  templatesAnswer,
  templatesQuery,
  versionParams,
} from '../schemas/templates.js';
import { messageOfTemplate } from '../task-message.js';

/** A fault in a text that has no other locale is a fault in all of them. */
const MOST_PROBLEMS = 20;

interface Named {
  name: string;
  version?: number;
}

const EXAMPLE_SUMMARY = {
  name: 'parcel',
  version: 2,
  createdBy: '6a1f0c2b9d3e4f5a6b',
  createdAt: '2026-11-22T10:00:00.000Z',
};

const EXAMPLE_CONTENT = {
  message: {
    title: 'Hello {name}',
    body: '{parcels, plural, one {Your parcel comes} other {Your # parcels come}} {day, date, ::EEEEdMMMM}',
    localized: {
      de: {
        title: 'Hallo {name}',
        body: '{parcels, plural, one {Dein Paket kommt} other {Deine # Pakete kommen}} am {day, date, ::EEEEdMMMM}',
      },
    },
  },
  defaults: { name: 'there' },
};

const EXAMPLE_TEMPLATE = { ...EXAMPLE_SUMMARY, ...EXAMPLE_CONTENT, locale: 'en', timeZone: 'UTC' };

const summaryShown = ({ name, version, createdBy, createdAt }: TemplateVersion) => ({
  name,
  version,
  createdBy,
  createdAt,
});

const templateShown = (template: TemplateVersion) => ({
  ...summaryShown(template),
  ...template.content,
});

/** Throws NOT_FOUND. */
const templateOf = async (
  { connection }: ApiParts,
  app: string,
  named: Named,
): Promise<TemplateVersion> => {
  const template = await findTemplate(dbOf(connection), app, named);
  if (template == null) throw problem('NOT_FOUND');
  return template;
};

const putTemplate = (parts: ApiParts): Route =>
  route<Named, unknown, TemplateContent>({
    method: 'put',
    path: '/v1/templates/:name',
    id: 'putTemplate',
    tag: 'tasks',
    summary: 'Write a new version of a template',
    description:
      'Texts are ICU messages. Every locale is held against the limits of all vendors that are set up, with sample values where ' +
      'there is no default. The same content again is no new version.',
    params: templateParams,
    body: templateBody(parts.vendors),
    answers: {
      200: {
        description: 'It is as the newest version',
        schema: templateAnswer,
        example: EXAMPLE_TEMPLATE,
      },
      201: { description: 'The new version', schema: templateAnswer, example: EXAMPLE_TEMPLATE },
    },
    problems: ['MESSAGE_INVALID', 'PAYLOAD_TOO_LARGE', 'PURPOSE_NOT_MAPPED'],
    example: { body: EXAMPLE_CONTENT },
    handle: async ({ app, caller, params: { name }, body }) => {
      const tried = await parts.engine.tryTemplate(
        app._id,
        messageOfTemplate(body, { name, version: 0 }),
        { data: {}, fill: true },
      );
      const problems = tried.flatMap((one) => one.problems);
      if (problems.length > 0) throw new TaskRefused(problems.slice(0, MOST_PROBLEMS));
      const { template, isNew } = await saveTemplate(parts.connection, {
        app: app._id,
        name,
        content: body,
        createdBy: caller.keyId,
        createdAt: new Date(parts.adapters.now()),
      });
      return { status: isNew ? 201 : 200, body: templateShown(template) };
    },
  });

const list = ({ connection }: ApiParts): Route =>
  route<unknown, TemplatesQuery>({
    method: 'get',
    path: '/v1/templates',
    id: 'listTemplates',
    tag: 'tasks',
    summary: 'The newest version of each template, by name',
    query: templatesQuery,
    answers: {
      200: {
        description: 'The templates',
        schema: templatesAnswer,
        example: { items: [EXAMPLE_SUMMARY] },
      },
    },
    handle: async ({ app, query: { cursor, limit } }) => {
      const found = await listTemplates(dbOf(connection), app._id, {
        limit: limit + 1,
        ...(cursor == null ? {} : { after: readNameCursor(cursor) }),
      });
      const items = found.slice(0, limit).map(summaryShown);
      const last = found.length > limit ? items.at(-1) : undefined;
      return { status: 200, body: { items, nextCursor: last && nameCursor(last.name) } };
    },
  });

const getTemplate = (parts: ApiParts): Route =>
  route<Named>({
    method: 'get',
    path: '/v1/templates/:name',
    id: 'getTemplate',
    tag: 'tasks',
    summary: 'A template as it is now',
    params: templateParams,
    answers: {
      200: {
        description: 'The newest version',
        schema: templateAnswer,
        example: EXAMPLE_TEMPLATE,
      },
    },
    handle: async ({ app, params }) => ({
      status: 200,
      body: templateShown(await templateOf(parts, app._id, params)),
    }),
  });

const getVersion = (parts: ApiParts): Route =>
  route<Named>({
    method: 'get',
    path: '/v1/templates/:name/versions/:version',
    id: 'getTemplateVersion',
    tag: 'tasks',
    summary: 'One version of a template',
    params: versionParams,
    answers: {
      200: { description: 'The version', schema: templateAnswer, example: EXAMPLE_TEMPLATE },
    },
    handle: async ({ app, params }) => ({
      status: 200,
      body: templateShown(await templateOf(parts, app._id, params)),
    }),
  });

const readVersionCursor = (cursor: string): number => {
  const before = Number(readNameCursor(cursor));
  if (!Number.isSafeInteger(before)) throw invalidCursor();
  return before;
};

const listVersions = (parts: ApiParts): Route =>
  route<Named, TemplatesQuery>({
    method: 'get',
    path: '/v1/templates/:name/versions',
    id: 'listTemplateVersions',
    tag: 'tasks',
    summary: 'The versions of a template, newest first',
    params: templateParams,
    query: templatesQuery,
    answers: {
      200: {
        description: 'The versions',
        schema: templatesAnswer,
        example: { items: [EXAMPLE_SUMMARY] },
      },
    },
    handle: async ({ app, params: { name }, query: { cursor, limit } }) => {
      const found = await templateVersions(dbOf(parts.connection), app._id, name, {
        limit: limit + 1,
        ...(cursor == null ? {} : { before: readVersionCursor(cursor) }),
      });
      if (found.length === 0 && cursor == null) throw problem('NOT_FOUND');
      const items = found.slice(0, limit).map(summaryShown);
      const last = found.length > limit ? items.at(-1) : undefined;
      return { status: 200, body: { items, nextCursor: last && nameCursor(`${last.version}`) } };
    },
  });

const removeTemplate = ({ connection }: ApiParts): Route =>
  route<Named>({
    method: 'delete',
    path: '/v1/templates/:name',
    id: 'deleteTemplate',
    tag: 'tasks',
    summary: 'Delete a template with all its versions',
    description: 'Tasks that were accepted with it are sent all the same.',
    params: templateParams,
    answers: { 204: { description: 'It is gone' } },
    handle: async ({ app, params: { name } }) => {
      if (!(await deleteTemplate(dbOf(connection), app._id, name))) throw problem('NOT_FOUND');
      return { status: 204 };
    },
  });

const previewTemplate = (parts: ApiParts): Route =>
  route<Named, unknown, PreviewBody>({
    method: 'post',
    path: '/v1/templates/:name/preview',
    id: 'previewTemplate',
    tag: 'tasks',
    summary: 'Put a template together with sample data',
    description:
      'In every locale, with the size that each vendor counts. Nothing is sent or kept. A text that the values keep from being ' +
      'written, or make too long, is refused.',
    params: templateParams,
    body: previewBody,
    answers: {
      200: {
        description: 'How it looks',
        schema: previewAnswer,
        example: {
          items: [
            {
              locale: 'de',
              title: 'Hallo Ada',
              body: 'Deine 3 Pakete kommen am Freitag, 24. Dezember',
              sizes: [{ vendor: 'fcm', profile: 'default', bytes: 142, allowed: 4_096 }],
              problems: [],
            },
          ],
        },
      },
    },
    problems: ['MESSAGE_INVALID'],
    example: {
      body: { data: { name: 'Ada', parcels: '3', day: '2027-12-24T08:00:00Z' }, locale: 'de-AT' },
    },
    handle: async ({ app, params: { name }, body: { version, data = {}, locale } }) => {
      const named = { name, ...(version == null ? {} : { version }) };
      const template = await templateOf(parts, app._id, named);
      const message = messageOfTemplate(template.content, template);
      const tried = await parts.engine.tryTemplate(app._id, message, { data, fill: false });
      const chosen = locale == null ? undefined : localeFor(message.localized, locale);
      // What keeps all locales from being written is told alone.
      const isAsked = (one: { readonly locale: string }): boolean =>
        chosen == null || one.locale === chosen || tried.length === 1;
      return { status: 200, body: { items: tried.filter(isAsked) } };
    },
  });

export const templateRoutes = (parts: ApiParts): Route[] => [
  putTemplate(parts),
  list(parts),
  getTemplate(parts),
  listVersions(parts),
  getVersion(parts),
  removeTemplate(parts),
  previewTemplate(parts),
];
