import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { closedLoop } from './closed-loop.js';

describe('the closed loop', () => {
  it('keeps as many in flight as it is told, and gives the answers in order', async () => {
    let inFlight = 0;
    let most = 0;
    const answers = await closedLoop({ inFlight: 4, count: 10 }, async (index) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      // The even ones are slower.
      for (let turns = index % 2 === 0 ? 3 : 1; turns > 0; turns -= 1) await turn();
      inFlight -= 1;
      return index * 2;
    });
    expect(most).to.equal(4);
    expect(answers).to.deep.equal([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
  });

  it('rejects when one fails, and sends no more', async () => {
    let sent = 0;
    const failed = closedLoop({ inFlight: 2, count: 100 }, async (index) => {
      sent += 1;
      await turn();
      if (index === 3) throw new Error('answered 503');
    });
    expect(await failed.catch(String)).to.equal('Error: answered 503');
    await turn();
    expect(sent).to.be.at.most(5);
  });
});
