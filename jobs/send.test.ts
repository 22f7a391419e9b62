import { expect } from 'chai';
import type { Adapter, Message, Outcome } from '../adapters/adapter.js';
import { until } from '../test/support/until.js';
import type { Permits } from './pacing/permits.js';
import { startSending } from './send.js';
import type { SendTarget } from './targets.js';

const MESSAGE: Message = {
  taskId: '0123456789abcdef01234567',
  dedupeId: 'd',
  purpose: 'default',
  storeSeconds: 60,
  ttlSeconds: 60,
  priority: 'normal',
} as unknown as Message;

const targetsOf = (count: number): SendTarget[] =>
  Array.from({ length: count }, (_, index) => ({ index, token: `t${index}` }) as SendTarget);

/** Everybody may go at once. */
const generous: Permits = async (most) => most;

/** Answers when it is told to. */
const slowVendor = () => {
  const given: number[] = [];
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const adapter: Pick<Adapter, 'send'> = {
    async send(_message, targets) {
      given.push(targets.length);
      await answered;
      return targets.map((): Outcome => ({ kind: 'accepted' }));
    },
  };
  return { adapter, given, answer: () => answer() };
};

describe('a paced send', () => {
  const start = (adapter: Pick<Adapter, 'send'>, permits: Permits) =>
    startSending(adapter, [{ message: MESSAGE, targets: targetsOf(5) }], {
      signal: new AbortController().signal,
      heard: () => undefined,
      permits: () => permits,
    });

  it('sends one ahead while its connection may still have to be opened, and the others at their pace', async () => {
    const { adapter, given, answer } = slowVendor();
    const asked: number[] = [];
    const sending = start(adapter, async (most) => {
      asked.push(most);
      return Math.min(most, 2);
    });
    await until('the first is sent', () => given.length === 1);
    expect(asked).to.deep.equal([1]);
    answer();
    await sending.all;
    expect(given).to.deep.equal([1, 2, 2]);
    expect(sending.outcomes.size).to.equal(5);
  });

  it('sends nobody ahead when the vendor has just answered', async () => {
    const { adapter, given, answer } = slowVendor();
    answer();
    await start(adapter, generous).all;
    await start(adapter, generous).all;
    expect(given).to.deep.equal([1, 4, 5]);
  });

  it('does not wait for a vendor that answers nobody', async () => {
    const { adapter, given, answer } = slowVendor();
    const sending = start(adapter, generous);
    await until('the others are sent', () => given.length === 2);
    expect(given).to.deep.equal([1, 4]);
    answer();
    await sending.all;
  });
});
