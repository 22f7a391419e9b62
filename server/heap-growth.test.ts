import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

/** Keeps 40 MB alive in arrays that take turns, as batches do, and prints the most that the heap ever held, in MB. */
const CHURN = `
  const alive = new Array(5_000);
  let most = 0;
  for (let turn = 0; turn < 100_000; turn += 1) {
    alive[turn % alive.length] = new Array(1_000).fill(turn);
    if (turn % 500 === 0) most = Math.max(most, process.memoryUsage().heapTotal / 1e6);
  }
  console.log(most);
`;

const mostMb = async (before: string): Promise<number> => {
  const script = `${before}\n${CHURN}`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    { timeout: 60_000 },
  );
  return Number(stdout);
};

describe('growth of the heap', function () {
  this.timeout(120_000);

  it('is bounded by what is alive, not by how much passes through', async () => {
    const module = new URL('./heap-growth.ts', import.meta.url).href;
    const free = await mostMb('');
    const bounded = await mostMb(`(await import(${JSON.stringify(module)})).boundHeapGrowth();`);
    expect(bounded)
      .to.be.above(0)
      .and.below(0.75 * free);
  });
});
