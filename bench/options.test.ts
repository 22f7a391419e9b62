import { expect } from 'chai';
import { readOptions, usage } from './options.js';

const read = (...args: string[]) => readOptions(args, ['pipeline', 'latency']);

describe('the command line of the benchmark', () => {
  it('runs all parts, three times each, with as many devices as they like, unless it is told otherwise', () => {
    expect(read()).to.deep.equal({ parts: [], runs: 3, rate: 100, vendor: 'apns' });
  });

  it('takes parts and options in any order', () => {
    const args = ['--runs', '5', 'latency', '--sink', 'node', '--devices', '20000', 'pipeline'];
    const others = ['--profile', 'here', '--rate', '500', '--vendor', 'fcm', '--peer', 'gorush=/a'];
    expect(read(...args, ...others)).to.deep.equal({
      parts: ['latency', 'pipeline'],
      runs: 5,
      devices: 20_000,
      rate: 500,
      sink: 'node',
      vendor: 'fcm',
      gorushPath: '/a',
      profileDir: 'here',
    });
  });

  it('shows the usage when it is asked for it, whatever else is said', () => {
    expect(read('--help')).to.equal('help');
    expect(read('-h', 'pipline', '--runs', '0')).to.equal('help');
    expect(usage(['pipeline', 'latency'])).to.include('[pipeline|latency ...]');
  });

  for (const [args, words] of [
    [['pipline'], 'There is no part pipline'],
    [['--runs', '0'], '--runs must be a number from 1 to 100'],
    [['--devices', '1e5'], '--devices must be a number from 1000 to 10000000'],
    [['--sink', 'apache'], '--sink must be nginx or node'],
    [['--vendor', 'wns'], '--vendor must be apns or fcm or harmony'],
    [['--peer', 'novu=/a'], '--peer must be gorush=<path of its binary>'],
    [['--rnus', '3'], "Unknown option '--rnus'"],
  ] as const) {
    it(`refuses ${args.join(' ')}`, () => {
      expect(() => read(...args)).to.throw(words);
    });
  }
});
