/** A short soak with one seed: all its parts run, and nothing breaks. */
import { expect } from 'chai';
import { Closing } from '../../server/closing.js';
import { failureLines } from './report.js';
import { soak } from './soak.js';

const SEED = 20_261_122;
const WITHIN_MS = 240_000;

describe('a soak of half a minute', function () {
  this.timeout(WITHIN_MS);
  const closing = new Closing();
  const failed: string[] = [];
  after('everything ends', () => closing.close((name) => void failed.push(name)));

  it('loses nobody, doubles nobody, and keeps its books', async () => {
    const parts = { closing, progress: () => undefined, complain: () => undefined };
    const result = await soak({ minutes: 0.5, seed: SEED, help: false }, parts);
    expect(failureLines(result).join('\n')).to.equal('');
    expect(result.tasks).to.be.above(10);
    expect(result.delivered).to.be.above(100);
    const kinds = [...result.faults.keys()];
    for (const kind of ['gateway', 'mongod', 'vendors']) {
      expect(
        kinds.some((name) => name.startsWith(kind)),
        `a fault of a ${kind}`,
      ).to.equal(true);
    }
  });
});
