import { expect } from 'chai';
import { readOptions } from './options.js';

const read = (...args: string[]) => readOptions(args, ['pipeline', 'latency']);

describe('the command line of the benchmark', () => {
  it('runs all parts, three times with 100,000 devices, unless it is told otherwise', () => {
    expect(read()).to.deep.equal({ parts: [], runs: 3, devices: 100_000, rate: 100 });
  });

  it('takes parts and options in any order', () => {
    const args = ['--runs', '5', 'latency', '--sink', 'node', '--devices', '20000', 'pipeline'];
    expect(read(...args, '--profile', 'here', '--rate', '500')).to.deep.equal({
      parts: ['latency', 'pipeline'],
      runs: 5,
      devices: 20_000,
      rate: 500,
      sink: 'node',
      profileDir: 'here',
    });
  });

  for (const [args, words] of [
    [['pipline'], 'There is no part pipline'],
    [['--runs', '0'], '--runs must be a number from 1 to 100'],
    [['--devices', '1e5'], '--devices must be a number from 1000 to 10000000'],
    [['--sink', 'apache'], '--sink must be nginx or node'],
    [['--rnus', '3'], "Unknown option '--rnus'"],
  ] as const) {
    it(`refuses ${args.join(' ')}`, () => {
      expect(() => read(...args)).to.throw(words);
    });
  }
});
