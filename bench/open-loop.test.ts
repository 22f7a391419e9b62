import { expect } from 'chai';
import { openLoop } from './open-loop.js';
import { sharedClockMs } from './shared-clock.js';

describe('the open loop', () => {
  it('sends at its moments although nothing is answered', async () => {
    const sentAtMs: number[] = [];
    const dueAtMs: number[] = [];
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await openLoop({ perSecond: 500, count: 20 }, async (index, due) => {
      sentAtMs.push(sharedClockMs());
      dueAtMs.push(due);
      if (index === 19) answer();
      await answered;
    });
    expect(dueAtMs.map((due) => Math.round(due - (dueAtMs[0] ?? 0)))).to.deep.equal(
      Array.from({ length: 20 }, (_, index) => index * 2),
    );
    sentAtMs.forEach((sent, index) => {
      expect(sent).to.be.at.least(dueAtMs[index] ?? Number.NaN);
    });
  });

  it('catches up at once with what it missed, and drops none', async () => {
    const sent: number[] = [];
    const answers = await openLoop({ perSecond: 1_000, count: 10 }, async (index) => {
      // Keeps the process busy behind the moments of all the others.
      if (index === 0) for (const start = sharedClockMs(); sharedClockMs() - start < 20; );
      sent.push(index);
      return index * 2;
    });
    expect(sent).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(answers).to.deep.equal([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
  });

  it('sends the others when one fails, and rejects with its error', async () => {
    let sent = 0;
    const failed = openLoop({ perSecond: 1_000, count: 5 }, async (index) => {
      sent += 1;
      if (index === 1) throw new Error('answered 503');
    });
    expect(await failed.catch(String)).to.equal('Error: answered 503');
    expect(sent).to.equal(5);
  });
});
