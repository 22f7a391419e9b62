/** The way of one request through a route: who calls, may they, what do they send; then the route's own handler. */
import type { Request, RequestHandler, Response } from 'express';
import type { ClientSession } from 'mongoose';
import type { App } from '../models/app.js';
import type { Directory } from './directory.js';
import { authenticator, type Caller } from './middleware/authentication.js';
import { appOf, checkAccess } from './middleware/authorization.js';
import { createOnce, idempotencyKeyOf } from './middleware/idempotency.js';
import { jsonReader, readJsonBody } from './middleware/json-body.js';
import { requestIdOf } from './middleware/request-id.js';
import { check, validated } from './middleware/validation.js';
import { type ApiParts, DEFAULT_BODY_LIMIT_BYTES } from './parts.js';
import { problem } from './problems.js';
import { type Answer, type Call, type Route, routeName } from './route.js';
import { NO_FIELDS } from './schemas/values.js';
import { type Access, accessOf } from './scopes.js';

interface Admitted {
  readonly caller?: Caller;
  readonly app?: App;
}

interface Input {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

const present = <Value>(value: Value | undefined, what: string, route: Route): Value => {
  if (value == null) throw new Error(`${routeName(route)} has no ${what}`);
  return value;
};

const paramsOf = (route: Route, req: Request): unknown => {
  const { value, errors } = check<unknown>(route.params ?? NO_FIELDS, req.params);
  if (errors != null) throw problem('NOT_FOUND');
  return value;
};

const send = (res: Response, { status, body, headers }: Answer): void => {
  res.status(status).set(headers ?? {});
  if (body === undefined) res.end();
  else res.json(body);
};

/** Makes the Express handler of each route. Throws for a route without a row in `scopes.ts`. */
export const handlerFactory = (parts: ApiParts, directory: Directory) => {
  const authenticate = authenticator(directory, parts.operatorKey);
  const jsonBody = jsonReader(parts.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES);

  const admit = async (req: Request, access: Access): Promise<Admitted> => {
    if (access === 'open') return {};
    const caller = await authenticate(req);
    // The app first: a stranger learns nothing of an app, not even which scopes it would take.
    const app = access === 'operator' ? undefined : await appOf(req, caller, directory);
    checkAccess(caller, access);
    return { caller, ...(app == null ? {} : { app }) };
  };

  const inputOf = async (route: Route, req: Request, res: Response): Promise<Input> => ({
    params: paramsOf(route, req),
    query: validated(route.query ?? NO_FIELDS, req.query),
    body: route.body && validated(route.body, await readJsonBody(jsonBody, req, res)),
  });

  return (route: Route): RequestHandler => {
    const access = accessOf(routeName(route));
    return async (req, res) => {
      const { caller, app } = await admit(req, access);
      const key = route.creates ? idempotencyKeyOf(req) : undefined;
      const input = await inputOf(route, req, res);
      const requestId = requestIdOf(res);
      let effects: (() => void)[] = [];

      const run = (session?: ClientSession): Promise<Answer | undefined> => {
        // A transaction that is tried again starts its effects anew, too.
        effects = [];
        const call: Call = {
          ...input,
          get app() {
            return present(app, 'app', route);
          },
          get caller() {
            return present(caller, 'caller', route);
          },
          ...(session == null ? {} : { session }),
          afterCommit: (effect) => void effects.push(effect),
          requestId,
          log: parts.logger.child({ requestId }),
          req,
          res,
        };
        return route.handle(call);
      };

      const runOnce = (idempotencyKey: string): Promise<Answer> =>
        createOnce(
          {
            connection: parts.connection,
            app: app?._id ?? '',
            route: routeName(route),
            key: idempotencyKey,
            req,
            now: new Date(parts.adapters.now()),
          },
          async (session) => present(await run(session), 'answer', route),
        );

      const answer = key == null ? await run() : await runOnce(key);
      for (const effect of effects) effect();
      if (answer != null) send(res, answer);
    };
  };
};
