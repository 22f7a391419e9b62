/** A route as data: what it takes, what it answers and who handles it. Mounting and documenting both read it. */
import type { Request, Response } from 'express';
import type { ObjectSchema, Schema } from 'joi';
import type { ClientSession } from 'mongoose';
import type { App } from '../models/app.js';
import type { Logger } from './logger.js';
import type { Caller } from './middleware/authentication.js';
import type { ProblemCode } from './problems.js';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** What a handler is given: everything is checked already. */
export interface Call<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The app that is spoken about. Throws on routes of the operator and on open ones. */
  readonly app: App;
  /** Throws on open routes. */
  readonly caller: Caller;
  /** There when the answer must be written with what it creates: give it to every write. */
  readonly session?: ClientSession;
  /** Runs once what was written has become true; at once without a session. Must not reject. */
  readonly afterCommit: (effect: () => void) => void;
  readonly requestId: string;
  readonly log: Logger;
  readonly req: Request;
  readonly res: Response;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** What a replay shows in place of `body`, when that holds a secret. */
  readonly replayBody?: unknown;
}

/** How one status of a route looks, for the document and for the test that holds answers against it. */
export interface AnswerDoc {
  readonly description: string;
  readonly schema?: Schema;
  /** Other media types than JSON, each with one example. */
  readonly content?: Readonly<Record<string, { schema: Schema; example?: unknown }>>;
  readonly example?: unknown;
}

export interface Route<Params = unknown, Query = unknown, Body = unknown> {
  readonly method: Method;
  /** Express's notation: `/v1/tasks/:task`. Its key in `scopes.ts` is `GET /v1/tasks/:task`. */
  readonly path: string;
  /** Unique; OpenAPI's operationId. */
  readonly id: string;
  readonly tag:
    | 'apps'
    | 'vendors'
    | 'devices'
    | 'consent'
    | 'accounts'
    | 'segments'
    | 'tasks'
    | 'campaigns'
    | 'service';
  readonly summary: string;
  readonly description?: string;
  /** A path that does not fit names nothing: 404. */
  readonly params?: ObjectSchema<Params>;
  readonly query?: ObjectSchema<Query>;
  /** A JSON body. Without it the request is left unread, for a handler that streams. */
  readonly body?: ObjectSchema<Body>;
  /** What the document shows in place of a `body` that is checked further by the handler. */
  readonly documentedBody?: Schema;
  /** For a route that streams its body: the media types it takes. */
  readonly streams?: Readonly<Record<string, { schema: Schema; example: unknown }>>;
  /** Takes `Idempotency-Key`; the handler must pass `call.session` to its writes. */
  readonly creates?: true;
  readonly answers: Readonly<Record<number, AnswerDoc>>;
  /** Problems beside those that follow from auth, validation and bodies. */
  readonly problems?: readonly ProblemCode[];
  /** A request that works, given the things its path names. */
  readonly example?: {
    readonly params?: Readonly<Record<string, string>>;
    readonly query?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  /** Answers nothing only when it has written to `call.res` itself. */
  handle(call: Call<Params, Query, Body>): Promise<Answer | undefined>;
}

/** Keeps the types of params, query and body together while a route is written; lists hold plain `Route`. */
export const route = <Params = unknown, Query = unknown, Body = unknown>(
  definition: Route<Params, Query, Body>,
): Route => definition;

/** The name of a route in tables. */
export const routeName = ({ method, path }: Pick<Route, 'method' | 'path'>): string =>
  `${method.toUpperCase()} ${path}`;
