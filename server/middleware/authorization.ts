/** Decides whether a caller may use a route, and which app it speaks about. */
import type { Request } from 'express';
import type { App } from '../../models/app.js';
import type { Scope } from '../../models/key.js';
import type { Directory } from '../directory.js';
import { problem } from '../problems.js';
import type { Access } from '../scopes.js';
import type { Caller } from './authentication.js';

const APP_HEADER = 'x-app';

const demand = (needed: string): never => {
  throw problem('SCOPE_MISSING', {
    detail: `This needs ${needed}`,
    headers: {
      'WWW-Authenticate': `Bearer realm="pigeonpost", error="insufficient_scope", scope="${needed}"`,
    },
  });
};

/** Throws SCOPE_MISSING, naming what is needed. */
export const checkAccess = (caller: Caller, access: Exclude<Access, 'open'>): void => {
  if (caller.scopes === 'all') return;
  if (access === 'operator') {
    demand('the operator key');
    return;
  }
  const anyOf: readonly Scope[] = typeof access === 'string' ? [access] : access;
  const { scopes } = caller;
  if (!anyOf.some((scope) => scopes.includes(scope))) demand(anyOf.join(' or '));
};

/**
 * The app of this request: the path's, else the header's, else the key's own. An app that is not the caller's is as
 * unknown to it as one that does not exist.
 */
export const appOf = async (req: Request, caller: Caller, directory: Directory): Promise<App> => {
  const named = (req.params.app as string | undefined) ?? req.get(APP_HEADER) ?? caller.app;
  if (named == null) {
    throw problem('APP_NOT_NAMED', { detail: 'Name the app in the header X-App' });
  }
  const app = caller.app == null || caller.app === named ? await directory.app(named) : null;
  if (app == null) throw problem('NOT_FOUND', { detail: 'There is no such app' });
  return app;
};
