import { expect } from 'chai';
import { readOptions } from './options.js';

const read = (...args: string[]) => readOptions(args, () => 0.5);

describe('the command line of the soak', () => {
  it('runs for ten minutes with a random seed, unless it is told otherwise', () => {
    expect(read()).to.deep.equal({ minutes: 10, seed: 2 ** 31, help: false });
  });

  it('takes part of a minute, and a seed to repeat', () => {
    expect(read('--seed', '0', '--minutes', '0.5')).to.deep.equal({
      minutes: 0.5,
      seed: 0,
      help: false,
    });
  });

  for (const [args, words] of [
    [['--minutes', '0'], '--minutes must be a number from 0.1 to 1440'],
    [['--minutes', '1e2'], '--minutes must be a number from 0.1 to 1440'],
    [['--seed', '-1'], "Option '--seed' argument is ambiguous"],
    [['--seed', '4294967296'], '--seed must be a whole number from 0 to 4294967295'],
    [['--sede', '1'], "Unknown option '--sede'"],
    [['10'], 'Unexpected argument'],
  ] as const) {
    it(`refuses ${args.join(' ')}`, () => {
      expect(() => read(...args)).to.throw(words);
    });
  }
});
