/** The line to the gateways, whichever of them lives: asks, and asks again while there is no answer. */
import { setTimeout as pause } from 'node:timers/promises';

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly bearer?: string;
  /** An Idempotency-Key. */
  readonly key?: string;
  readonly accept?: string;
  /** Only what may safely be done again later, by whom was stopped in the middle, is given up before it is answered. */
  readonly withinMs?: number;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
}

export interface Line {
  /** Undefined: no answer, or one that says nothing of what became of the request. */
  ask(request: Request): Promise<Reply | undefined>;
  /** Rejects when nobody answers for two minutes, or everything is being stopped. */
  insist(request: Request): Promise<Reply>;
}

const ASK_AGAIN_MS = 200;
const INSIST_WITHIN_MS = 120_000;
const SERVER_ERROR = 500;

export const jsonOf = <Answer>({ text }: Reply): Answer => JSON.parse(text) as Answer;

export const createLine = (
  bearer: string,
  nextUrl: () => string | undefined,
  signal: AbortSignal,
): Line => {
  const ask = async (request: Request): Promise<Reply | undefined> => {
    const { method, path, body, key, accept, withinMs = INSIST_WITHIN_MS } = request;
    const url = nextUrl();
    if (url == null) return undefined;
    try {
      const reply = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${request.bearer ?? bearer}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(key == null ? {} : { 'idempotency-key': key }),
          ...(accept == null ? {} : { accept }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(withinMs)]),
      });
      const text = await reply.text();
      return reply.status >= SERVER_ERROR ? undefined : { status: reply.status, text };
    } catch {
      // Whoever was asked has gone, or has no time.
      return undefined;
    }
  };
  return {
    ask,
    async insist(request) {
      const deadline = performance.now() + INSIST_WITHIN_MS;
      for (;;) {
        const reply = await ask(request);
        if (reply != null) return reply;
        if (signal.aborted || performance.now() > deadline)
          throw new Error(`${request.method} ${request.path} has no answer`);
        await pause(ASK_AGAIN_MS);
      }
    },
  };
};
