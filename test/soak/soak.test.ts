/** A short soak with one seed: all its parts run, and nothing breaks. */
import { expect } from 'chai';
import { Closing } from '../../server/closing.js';
import { failureLines } from './report.js';
import { soak } from './soak.js';

const SEED = 20_261_122;
/** It takes little more than a minute on two idle cores. */
const WITHIN_MS = 360_000;

const shortSoak = function (this: Mocha.Suite): void {
  this.timeout(WITHIN_MS);
  const closing = new Closing();
  after('everything ends', async () => {
    const left: string[] = [];
    await closing.close((name) => void left.push(name));
    expect(left, 'what could not be stopped').to.deep.equal([]);
  });

  it('loses nobody, doubles nobody, and keeps its books', async () => {
    const parts = { closing, progress: () => undefined, complain: () => undefined };
    const result = await soak({ minutes: 0.5, seed: SEED, help: false }, parts);
    expect(failureLines(result).join('\n')).to.equal('');
    expect(result.tasks).to.be.above(10);
    expect(result.delivered).to.be.above(100);
    const kinds = [...result.faults.keys()];
    for (const kind of ['gateway', 'mongod', 'vendors']) {
      const isInjected = kinds.some((name) => name.startsWith(kind));
      expect(isInjected, `a fault of ${kind}`).to.equal(true);
    }
  });
};

// Whoever chooses rows of the table of faults wants those alone.
if (process.env['ROWS'] == null) describe('a soak of half a minute', shortSoak);
