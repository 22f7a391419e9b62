// What every vendor with HTTP gets from the shared adapter; contract.test.ts says it again of each of them.
import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { fakeNetwork, untilAborted } from '../test/support/fake-network.js';
import { TransportError, type TransportReply } from '../transport/transport.js';
import type { Outcome, Target } from './adapter.js';
import {
  type Authorizer,
  CredentialRefused,
  type HttpVendorParts,
  httpAdapter,
} from './http-adapter.js';
import { empty, messageOf } from './vendor-samples.js';

const never = new AbortController().signal;
const origin = { url: 'https://push.test', credential: 'a' };
const requestHeaders = { 'content-type': 'text/plain' };

const targetsOf = (...tokens: string[]): Target[] => tokens.map((token) => ({ token }));
const numbered = (count: number): Target[] =>
  Array.from({ length: count }, (_, index) => ({ token: String(index) }));

const authorizerOf = (headers: () => Promise<Record<string, string>>) => {
  const dropped: string[] = [];
  let asked = 0;
  const authorizer: Authorizer = {
    headers: () => {
      asked += 1;
      return headers();
    },
    async drop(stale) {
      dropped.push(stale.authorization ?? '');
    },
  };
  return { authorizer, dropped, asked: () => asked };
};

const accepted = (token: string): Outcome => ({ kind: 'accepted', messageId: token });

/** An echo of a vendor: the body lists the tokens, 200 accepts them, 401 calls the credential stale. */
const adapterWith = (
  answer: Parameters<typeof fakeNetwork>[0],
  over: Partial<HttpVendorParts> = {},
) => {
  const network = fakeNetwork(answer);
  let issued = 0;
  const credential = authorizerOf(async () => ({ authorization: `credential ${++issued}` }));
  const adapter = httpAdapter({
    transport: network.transport,
    origin,
    authorizer: credential.authorizer,
    targetsPerRequest: 1,
    compose: () => (targets) => ({
      path: '/send',
      headers: requestHeaders,
      body: targets.map(({ token }) => token).join(),
    }),
    read: ({ status }, targets) =>
      status === 401
        ? {
            kind: 'stale-credential',
            otherwise: targets.map(() => ({ kind: 'account-refused', reason: 'stale' })),
          }
        : targets.map(({ token }) => accepted(token)),
    ...over,
  });
  return { adapter, credential, ...network };
};

describe('httpAdapter', () => {
  it('sends nothing for no targets', async () => {
    const { adapter, pushes, credential } = adapterWith(async () => empty(200));
    expect(await adapter.send(messageOf(), [], never)).to.deep.equal([]);
    expect(pushes).to.deep.equal([]);
    expect(credential.asked()).to.equal(0);
  });

  it('puts as many targets in a request as the vendor takes, and keeps their order', async () => {
    const { adapter, pushes } = adapterWith(async () => empty(200), { targetsPerRequest: 2 });
    const outcomes = await adapter.send(messageOf(), targetsOf('a', 'b', 'c'), never);
    expect(pushes.map(({ body }) => body)).to.deep.equal(['a,b', 'c']);
    expect(outcomes).to.deep.equal(['a', 'b', 'c'].map(accepted));
  });

  it('composes a message once, however often some of its targets are sent', async () => {
    let composed = 0;
    const { adapter, pushes } = adapterWith(async () => empty(200), {
      compose: () => {
        composed += 1;
        return () => ({ path: '/send', headers: requestHeaders, body: String(composed) });
      },
    });
    const message = messageOf();
    await adapter.send(message, targetsOf('a'), never);
    await adapter.send(message, targetsOf('b'), never);
    await adapter.send(messageOf(), targetsOf('c'), never);
    expect(pushes.map(({ body }) => body)).to.deep.equal(['1', '1', '2']);
  });

  it('has no more requests in flight than allowed', async () => {
    let inFlight = 0;
    let most = 0;
    const { adapter, pushes } = adapterWith(
      async () => {
        inFlight += 1;
        most = Math.max(most, inFlight);
        await new Promise(setImmediate);
        inFlight -= 1;
        return empty(200);
      },
      { requestsInFlight: 3 },
    );
    await adapter.send(messageOf(), numbered(20), never);
    expect(pushes).to.have.length(20);
    expect(most).to.equal(3);
  });

  it('tells each outcome when it is known, not when the last one is', async () => {
    const answers = new Map<string, (reply: TransportReply) => void>();
    const { adapter } = adapterWith(
      ({ body }) => new Promise((resolve) => answers.set(String(body), resolve)),
    );
    const heard: number[] = [];
    const first = new Promise<void>((resolve) => {
      void adapter.send(messageOf(), targetsOf('slow', 'quick'), never, (index) => {
        heard.push(index);
        resolve();
      });
    });
    await new Promise(setImmediate);
    answers.get('quick')?.(empty(200));
    await first;
    expect(heard).to.deep.equal([1]);
    answers.get('slow')?.(empty(200));
  });

  it('asks for a credential once for all requests, and hands over the same headers', async () => {
    const { adapter, pushes, credential } = adapterWith(async () => empty(200));
    await adapter.send(messageOf(), numbered(50), never);
    expect(credential.asked()).to.equal(1);
    expect(pushes[0]?.headers).to.deep.equal({ ...requestHeaders, authorization: 'credential 1' });
    expect(new Set(pushes.map(({ headers }) => headers)).size).to.equal(1);
  });

  it('is ready when it has its credential and a connection, or cannot have them', async () => {
    const { adapter, pushes, credential, readied } = adapterWith(async () => empty(200));
    await adapter.ready?.();
    expect(credential.asked()).to.equal(1);
    expect(readied).to.deep.equal([origin]);
    expect(pushes).to.deep.equal([]);
    const { authorizer } = authorizerOf(() => Promise.reject(new Error('no answer')));
    await adapterWith(async () => empty(200), { authorizer }).adapter.ready?.();
  });

  context('when the vendor calls the credential stale', () => {
    const staleUntil = (fresh: string) => async (request: { headers: object }) =>
      empty((request.headers as { authorization: string }).authorization === fresh ? 200 : 401);

    it('renews it once for all requests that were told so, and repeats each of them once', async () => {
      const { adapter, pushes, credential, renewed } = adapterWith(staleUntil('credential 2'));
      const outcomes = await adapter.send(messageOf(), numbered(20), never);
      expect(outcomes.map(({ kind }) => kind)).to.deep.equal(new Array(20).fill('accepted'));
      expect(credential.dropped).to.deep.equal(['credential 1']);
      expect(credential.asked()).to.equal(2);
      expect(pushes).to.have.length(40);
      expect(renewed).to.deep.equal([]);
    });

    it('blames the account when the fresh one is stale too', async () => {
      const { adapter, pushes } = adapterWith(staleUntil('never'));
      const outcomes = await adapter.send(messageOf(), targetsOf('a'), never);
      expect(outcomes).to.deep.equal([{ kind: 'account-refused', reason: 'stale' }]);
      expect(pushes).to.have.length(2);
    });

    it('renews the connection once, if the old one remembers the old credential', async () => {
      const { adapter, renewed } = adapterWith(staleUntil('credential 2'), {
        read: ({ status }, targets) =>
          status === 401
            ? { kind: 'stale-credential', newConnection: true, otherwise: [] }
            : targets.map(({ token }) => accepted(token)),
      });
      await adapter.send(messageOf(), numbered(20), never);
      expect(renewed).to.deep.equal([origin]);
    });
  });

  context('when there is no credential', () => {
    const withoutCredential = (error: Error) => {
      const credential = authorizerOf(async () => {
        throw error;
      });
      const made = adapterWith(async () => empty(200), { authorizer: credential.authorizer });
      return { ...made, credential };
    };

    it('blames the account if the credential itself is refused', async () => {
      const refused = new CredentialRefused('invalid_grant', 'The key was deleted');
      const { adapter, pushes } = withoutCredential(refused);
      expect(await adapter.send(messageOf(), targetsOf('a', 'b'), never)).to.deep.equal(
        new Array(2).fill({
          kind: 'account-refused',
          reason: 'invalid_grant',
          detail: 'The key was deleted',
        }),
      );
      expect(pushes).to.deep.equal([]);
    });

    it('tries later if it only cannot be had now, and says that nothing was sent', async () => {
      const reset = new TransportError('reset', 'The connection broke', true);
      const { adapter, credential } = withoutCredential(reset);
      const outcomes = await adapter.send(messageOf(), numbered(600), never);
      expect(outcomes).to.deep.equal(
        new Array(600).fill({
          kind: 'try-later',
          reason: 'credential-unavailable',
          cause: 'vendor',
        }),
      );
      expect(credential.asked()).to.equal(1);
    });

    it('does not hold up an abort', async () => {
      const abort = new AbortController();
      const { authorizer } = authorizerOf(() => new Promise(() => {}));
      const { adapter, pushes } = adapterWith(async () => empty(200), { authorizer });
      const sending = adapter.send(messageOf(), targetsOf('a'), abort.signal);
      abort.abort();
      expect(await sending).to.deep.equal([
        { kind: 'try-later', reason: 'aborted', cause: 'vendor' },
      ]);
      expect(pushes).to.deep.equal([]);
    });
  });

  it('tells apart on abort what was on its way and what was not', async () => {
    const abort = new AbortController();
    const { adapter, pushes } = adapterWith(
      async ({ body, signal }) => {
        if (body === '2') queueMicrotask(() => abort.abort());
        return untilAborted(signal);
      },
      { requestsInFlight: 3 },
    );
    const outcomes = await adapter.send(messageOf(), numbered(5), abort.signal);
    const sent = { kind: 'try-later', reason: 'aborted', cause: 'vendor', mayHaveArrived: true };
    const unsent = { kind: 'try-later', reason: 'aborted', cause: 'vendor' };
    expect(outcomes).to.deep.equal([sent, sent, sent, unsent, unsent]);
    expect(pushes).to.have.length(3);
  });

  it('leaves no listener on the signal', async () => {
    const { signal } = new AbortController();
    const { adapter } = adapterWith(async () => empty(200));
    await adapter.send(messageOf(), numbered(3), signal);
    expect(getEventListeners(signal, 'abort')).to.deep.equal([]);
  });

  it('keeps a push that may have arrived when reading its reply fails', async () => {
    const { adapter } = adapterWith(async () => empty(200), {
      read: () => {
        throw new TypeError('a fault of ours');
      },
    });
    expect(await adapter.send(messageOf(), targetsOf('a'), never)).to.deep.equal([
      { kind: 'try-later', reason: 'internal', cause: 'vendor', mayHaveArrived: true },
    ]);
  });
});
