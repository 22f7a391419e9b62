/** The edge of the adapters: a network whose far end is a function, and a cache for one process. */
import type { CredentialCache } from '../../adapters/adapter.js';
import {
  type Origin,
  type Transport,
  TransportError,
  type TransportReply,
  type TransportRequest,
} from '../../transport/transport.js';

/** Records every push. `credentialReplies` answers requests that obtain a credential, by path. */
export const fakeNetwork = (
  answer: (request: TransportRequest, origin: Origin) => Promise<TransportReply>,
  credentialReplies: Readonly<Record<string, TransportReply>> = {},
) => {
  const pushes: TransportRequest[] = [];
  const readied: Origin[] = [];
  const renewed: Origin[] = [];
  const transport: Transport = {
    async request(origin, request) {
      const credentialReply = credentialReplies[request.path];
      if (credentialReply) return credentialReply;
      pushes.push(request);
      return answer(request, origin);
    },
    async ready(origin) {
      readied.push(origin);
    },
    renew(origin) {
      renewed.push(origin);
    },
    async close() {},
  };
  return { transport, pushes, readied, renewed };
};

/** A request that nobody answers, and that may have arrived when it is aborted. */
export const untilAborted = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () =>
      reject(new TransportError('aborted', 'The request was aborted', true)),
    );
  });

export const credentialCache = (): CredentialCache => {
  const kept = new Map<string, string>();
  return {
    async get(key, _renewAfterMs, make) {
      const value = kept.get(key) ?? (await make());
      kept.set(key, value);
      return value;
    },
    async drop(key, value) {
      if (kept.get(key) === value) kept.delete(key);
    },
  };
};
