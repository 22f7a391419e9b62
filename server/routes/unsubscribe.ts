/** Unsubscribe links: made by a backend, used by a person without any login. */
import joi from 'joi';
import { localeFor } from '../../jobs/message.js';
import type { App } from '../../models/app.js';
import { DEFAULT_PURPOSE } from '../../models/app.js';
import { openHashSecret } from '../../models/app-secrets.js';
import { dbOf } from '../../models/database.js';
import { findPurpose, purposesOf } from '../../models/purpose.js';
import { type Unsubscription, unsubscribe } from '../../models/unsubscribe.js';
import { deviceContext, deviceOf } from '../device-context.js';
import type { Directory } from '../directory.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type AnswerDoc, type Call, type Route, route } from '../route.js';
import { type LinkBody, linkAnswer, linkBody, linkParams } from '../schemas/unsubscribe.js';
import { toObjectId } from '../schemas/values.js';
import { type Language, languageOf, type Shown, showPage } from '../unsubscribe-page.js';
import { appNamedBy, openToken, sealToken } from '../unsubscribe-token.js';

const SECOND_MS = 1_000;

/** In the history, in the place of a key. */
const BY_LINK = 'unsubscribe-link';

const invalid = (field: string, detail: string) =>
  problem('VALIDATION_FAILED', { errors: [{ field, detail }] });

/** A link that declines what there is not would look as if it worked. */
const checkPurpose = async (
  { connection }: ApiParts,
  app: App,
  purpose: string | undefined,
): Promise<void> => {
  if (purpose == null || purpose === DEFAULT_PURPOSE) return;
  const defined = await purposesOf(dbOf(connection), app._id);
  if (defined.length > 0 && !defined.some(({ name }) => name === purpose)) {
    throw invalid('purpose', 'Must be a purpose of the app');
  }
};

const unsubscriptionOf = async (
  parts: ApiParts,
  app: App,
  { device, account, purpose }: LinkBody,
): Promise<Unsubscription> => {
  await checkPurpose(parts, app, purpose);
  const named = purpose == null ? {} : { purpose };
  if (account != null) return { who: { account }, ...named };
  const { _id } = await deviceOf(parts, app._id, toObjectId(device ?? ''));
  return { who: { device: _id }, ...named };
};

const createLink = (parts: ApiParts): Route =>
  route<unknown, unknown, LinkBody>({
    method: 'post',
    path: '/v1/unsubscribe-links',
    id: 'createUnsubscribeLink',
    tag: 'consent',
    summary: 'A link by which a person declines without any login',
    description:
      'Nothing is stored: the link proves itself until it expires. Opening it changes nothing and shows one button; a POST to ' +
      'it declines, also the one-click POST of mail programs (RFC 8058).',
    body: linkBody,
    answers: {
      200: {
        description: 'The link',
        schema: linkAnswer,
        example: {
          url: 'https://push.example.com/u/eyJhbGciOiJkaXIifQ..example',
          expiresAt: '2027-05-21T10:00:00.000Z',
        },
      },
    },
    example: { body: { account: 'customer-1042', purpose: 'marketing' } },
    handle: async (call) => {
      const { app, body, req } = call;
      const unsubscription = await unsubscriptionOf(parts, app, body);
      const { hashSecret, now } = deviceContext(parts, call);
      const seconds = Math.floor(now.getTime() / SECOND_MS) + body.ttlSeconds;
      const expiresAt = new Date(seconds * SECOND_MS);
      const token = await sealToken({ app: app._id, hashSecret }, unsubscription, expiresAt);
      const base = parts.publicUrl ?? `${req.protocol}://${req.host}`;
      return { status: 200, body: { url: `${base}/u/${token}`, expiresAt } };
    },
  });

interface OpenedLink extends Unsubscription {
  readonly app: App;
  readonly hashSecret: Buffer;
}

/** Links of apps that there are not look like any other that is not valid. */
const openLink = async (
  { secretBox, adapters }: ApiParts,
  directory: Directory,
  token: string,
): Promise<OpenedLink | 'expired' | 'invalid'> => {
  const named = appNamedBy(token);
  const app = named == null ? null : await directory.app(named);
  if (app == null) return 'invalid';
  const hashSecret = openHashSecret(secretBox, app);
  const opened = await openToken({ app: app._id, hashSecret }, token, new Date(adapters.now()));
  return typeof opened === 'string' ? opened : { ...opened, app, hashSecret };
};

/** As it was asked for, in the language of the page; an app that has defined none calls it by its name. */
const titleOf = async (
  { connection }: ApiParts,
  { app, purpose }: OpenedLink,
  language: Language,
): Promise<string | undefined> => {
  if (purpose == null) return undefined;
  const { newest } = (await findPurpose(dbOf(connection), app._id, purpose)) ?? {};
  const localized = newest?.localized ?? {};
  return localized[localeFor(localized, language)]?.title ?? newest?.title ?? purpose;
};

const pageOf = async (
  parts: ApiParts,
  kind: 'ask' | 'done',
  link: OpenedLink,
  language: Language,
): Promise<Shown> => {
  const purpose = await titleOf(parts, link, language);
  return {
    kind,
    app: link.app.name,
    ...(purpose == null ? {} : { purpose }),
    everywhere: 'account' in link.who,
  };
};

const page = (description: string): AnswerDoc => ({
  description,
  content: { 'text/html': { schema: joi.string(), example: '<!doctype html>...' } },
});

const PAGES = {
  404: page('The link is not one of this gateway'),
  410: page('The link is too old'),
};

type LinkCall = Call<{ token: string }>;

const showLink = (parts: ApiParts, directory: Directory): Route =>
  route<{ token: string }>({
    method: 'get',
    path: '/u/:token',
    id: 'showUnsubscribeLink',
    tag: 'consent',
    summary: 'The page of an unsubscribe link',
    description: 'Changes nothing: mail programs open links before anybody has seen them.',
    params: linkParams,
    answers: { 200: page('A question and a button'), ...PAGES },
    handle: async ({ params, req, res }: LinkCall) => {
      const language = languageOf(req);
      const link = await openLink(parts, directory, params.token);
      const shown =
        typeof link === 'string' ? { kind: link } : await pageOf(parts, 'ask', link, language);
      showPage(res, language, shown);
      return undefined;
    },
  });

const useLink = (parts: ApiParts, directory: Directory): Route =>
  route<{ token: string }>({
    method: 'post',
    path: '/u/:token',
    id: 'useUnsubscribeLink',
    tag: 'consent',
    summary: 'Unsubscribe',
    description:
      'Whatever the body says: the button of the page sends none, a mail program `List-Unsubscribe=One-Click`. May be repeated.',
    params: linkParams,
    answers: { 200: page('It is done'), ...PAGES },
    handle: async ({ params, req, res }: LinkCall) => {
      const language = languageOf(req);
      const link = await openLink(parts, directory, params.token);
      if (typeof link === 'string') {
        showPage(res, language, { kind: link });
        return undefined;
      }
      const { connection, adapters } = parts;
      const { app, hashSecret } = link;
      const now = new Date(adapters.now());
      await unsubscribe({ connection, app: app._id, by: BY_LINK, now, hashSecret }, link);
      showPage(res, language, await pageOf(parts, 'done', link, language));
      return undefined;
    },
  });

export const unsubscribeRoutes = (parts: ApiParts, directory: Directory): Route[] => [
  createLink(parts),
  showLink(parts, directory),
  useLink(parts, directory),
];
