// The sandbox keeps the shared contract (../contract.test.ts); here stands what only it promises.
import { expect } from 'chai';
import type { Outcome } from '../adapter.js';
import { loadVendor } from '../index.js';
import { messageOf } from '../vendor-samples.js';

const never = new AbortController().signal;

const sandboxWith = async (given: Record<string, unknown> = {}) => {
  const vendor = await loadVendor('sandbox');
  const { value } = vendor.settings.validate(given) as { value: Record<string, unknown> };
  const adapter = vendor.open(value, {
    transport: {
      request: () => expect.fail('the sandbox sends nothing'),
      async ready() {},
      renew() {},
      async close() {},
    },
    credentials: { get: async (_key, _ms, make) => make(), async drop() {} },
    now: () => 0,
  });
  const send = (tokens: string[], message = messageOf(), signal = never) =>
    adapter.send(
      message,
      tokens.map((token) => ({ token })),
      signal,
    );
  return { vendor, adapter, send, settings: value };
};

describe('sandbox', () => {
  it('answers at once unless it is told otherwise', async () => {
    const { settings } = await sandboxWith();
    expect(settings).to.deep.equal({ latencyMs: 0, slowMs: 1000 });
  });

  it('finds a phone busy once for each task', async () => {
    const { send } = await sandboxWith();
    const kinds = async (taskId: string): Promise<(Outcome['kind'] | undefined)[]> => [
      (await send(['sandbox-busy1-a'], messageOf({ taskId })))[0]?.kind,
      (await send(['sandbox-busy1-a'], messageOf({ taskId })))[0]?.kind,
    ];
    expect(await kinds('a'.repeat(24))).to.deep.equal(['try-later', 'accepted']);
    expect(await kinds('b'.repeat(24))).to.deep.equal(['try-later', 'accepted']);
  });

  it('tells of quick phones while it waits for a slow one', async () => {
    const { adapter } = await sandboxWith({ slowMs: 60_000 });
    const abort = new AbortController();
    const heard: number[] = [];
    const targets = [{ token: 'sandbox-slow-a' }, { token: 'sandbox-accept-b' }];
    const outcomes = await adapter.send(messageOf(), targets, abort.signal, (index) => {
      heard.push(index);
      if (index === 1) abort.abort();
    });
    expect(heard).to.deep.equal([1, 0]);
    expect(outcomes.map(({ kind }) => kind)).to.deep.equal(['try-later', 'accepted']);
    expect(outcomes[0]).to.have.property('mayHaveArrived', true);
  });

  it('answers a slow phone when its time has come', async () => {
    const { send } = await sandboxWith({ slowMs: 1, latencyMs: 1 });
    const [outcome] = await send(['sandbox-slow-a']);
    expect(outcome?.kind).to.equal('accepted');
  });

  it('takes no token of another vendor', async () => {
    const { vendor } = await sandboxWith();
    for (const token of ['accept-1', 'sandbox-', 'sandbox-a b', `sandbox-${'x'.repeat(200)}`]) {
      expect(vendor.token.validate(token).error, token).to.be.an('error');
    }
  });
});
