import { expect } from 'chai';
import type { Adapter, Outcome, Problem } from './adapter.js';
import { fitAdapter } from './fit-adapter.js';
import { messageOf } from './vendor-samples.js';

const never = new AbortController().signal;
const targets = [{ token: 'a' }, { token: 'b' }];

/** An adapter that accepts everything, and counts. */
const counting = () => {
  let sends = 0;
  let closes = 0;
  const adapter: Adapter = {
    async send(_message, to, _signal, onOutcome) {
      sends += 1;
      return to.map((_target, index) => {
        onOutcome?.(index, { kind: 'accepted' });
        return { kind: 'accepted' };
      });
    },
    async close() {
      closes += 1;
    },
  };
  return { adapter, sends: () => sends, closes: () => closes };
};

describe('a fit adapter', () => {
  it('sends a message without a problem, and closes what it stands before', async () => {
    const { adapter, sends, closes } = counting();
    const fit = fitAdapter(adapter, () => []);
    expect(await fit.send(messageOf(), targets, never)).to.have.length(2);
    expect(sends()).to.equal(1);
    await fit.close?.();
    expect(closes()).to.equal(1);
  });

  it('refuses a message with a problem for every target, in its words, and sends nothing', async () => {
    const { adapter, sends } = counting();
    const problem: Problem = {
      code: 'PURPOSE_NOT_MAPPED',
      field: 'categories.news',
      detail: 'Map the purpose',
    };
    const heard: Outcome[] = [];
    const outcomes = await fitAdapter(adapter, () => [problem]).send(
      messageOf(),
      targets,
      never,
      (index, outcome) => {
        heard[index] = outcome;
      },
    );
    const refused = {
      kind: 'message-refused',
      reason: 'PURPOSE_NOT_MAPPED',
      detail: 'categories.news: Map the purpose',
    };
    expect(outcomes).to.deep.equal([refused, refused]);
    expect(heard).to.deep.equal(outcomes);
    expect(sends()).to.equal(0);
  });
});
