import { expect } from 'chai';
import type { Adapter, Message, Outcome } from '../adapters/adapter.js';
import { until } from '../test/support/until.js';
import type { Permits } from './pacing/permits.js';
import { startSending } from './send.js';
import type { SendTarget } from './targets.js';

const LONG_MS = 60_000;
const SHORT_MS = 30;
const message = { taskId: '0123456789abcdef01234567' } as Message;
const targets = Array.from(
  { length: 5 },
  (_, index): SendTarget => ({
    index,
    token: `token-${index}`,
    wasSuspect: false,
    variant: { locale: '' },
  }),
);

/** Its connection opens when it is told to. */
const unconnected = () => {
  const given: number[] = [];
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const adapter: Adapter = {
    ready: () => opened,
    async send(_message, some) {
      given.push(some.length);
      return some.map((): Outcome => ({ kind: 'accepted' }));
    },
  };
  return { adapter, given, open: () => open() };
};

describe('a paced send', () => {
  const start = (
    adapter: Adapter,
    permits: Permits,
    { withinMs = LONG_MS, signal = new AbortController().signal } = {},
  ) => {
    const sendBefore = performance.now() + withinMs;
    return startSending(adapter, [{ message: { ...message, sendBefore }, targets }], {
      signal,
      heard: () => undefined,
      permits: () => permits,
    });
  };
  /** Two at a time; counts what was spent. */
  const pairs = () => {
    const spent = { permits: 0 };
    const permits: Permits = async (most, { aborted }) => {
      const some = aborted ? 0 : Math.min(most, 2);
      spent.permits += some;
      return some;
    };
    return { spent, permits };
  };

  it('spends no permit before its connection is open: what waits for one leaves all at once', async () => {
    const { adapter, given, open } = unconnected();
    const { spent, permits } = pairs();
    const sending = start(adapter, permits);
    await new Promise((resolve) => setImmediate(resolve));
    expect(spent.permits).to.equal(0);
    open();
    await sending.all;
    expect(given).to.deep.equal([2, 2, 1]);
    expect(spent.permits).to.equal(5);
    expect(sending.outcomes.size).to.equal(5);
  });

  it('blames the vendor when the connection does not open in time', async () => {
    const { adapter, given } = unconnected();
    const { spent, permits } = pairs();
    const sending = start(adapter, permits, { withinMs: SHORT_MS });
    await sending.all;
    expect(given).to.deep.equal([]);
    expect(spent.permits).to.equal(0);
    const connect = { kind: 'try-later', reason: 'connect', cause: 'vendor' };
    expect([...sending.outcomes.values()]).to.deep.equal(targets.map(() => connect));
  });

  it('ends when it is aborted while the connection is being opened', async () => {
    const { adapter, given } = unconnected();
    const controller = new AbortController();
    const sending = start(adapter, pairs().permits, { signal: controller.signal });
    controller.abort();
    await sending.all;
    expect(given).to.deep.equal([]);
    const reasons = [...sending.outcomes.values()].map((one) => 'reason' in one && one.reason);
    expect(reasons).to.deep.equal(targets.map(() => 'aborted'));
  });

  it('loses nobody to an adapter that rejects', async () => {
    const ready = (): Promise<void> => Promise.reject(new Error('It must not'));
    const sending = start({ ...unconnected().adapter, ready }, pairs().permits);
    await sending.all;
    const reasons = [...sending.outcomes.values()].map((one) => 'reason' in one && one.reason);
    expect(reasons).to.deep.equal(targets.map(() => 'adapter-broken'));
  });

  it('waits for nothing that is not paced', async () => {
    const { adapter, given } = unconnected();
    const sending = startSending(adapter, [{ message, targets }], {
      signal: new AbortController().signal,
      heard: () => undefined,
    });
    await until('all are sent', () => sending.outcomes.size === 5);
    expect(given).to.deep.equal([5]);
  });
});
