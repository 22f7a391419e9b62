import { expect } from 'chai';
import { acceptFigures } from './accept.js';

const posted = (path: string, sentAtMs: number, answeredAtMs: number) => ({
  path,
  dueAtMs: sentAtMs,
  sentAtMs,
  answeredAtMs,
});

describe('the figures of the part accept', () => {
  it('counts until the last push, and tells what was still to push at the last answer', () => {
    const figures = acceptFigures([
      {
        posted: [
          posted('/a', 1_000, 1_010),
          posted('/b', 1_000, 1_020),
          posted('/c', 1_010, 1_100),
        ],
        arrivals: new Map([
          ['/a', { firstAtMs: 1_050, times: 1 }],
          ['/b', { firstAtMs: 1_200, times: 2 }],
          ['/c', { firstAtMs: 1_150, times: 1 }],
        ]),
      },
    ]);
    const valueOf = (name: string) => figures.find((one) => one.name === name)?.values[0];
    expect(valueOf('from the first request to the last push')).to.equal(15);
    expect(valueOf('answered 202')).to.equal(30);
    expect(valueOf('not yet pushed at the last 202')).to.equal(2);
    expect(valueOf('POST to vendor, p50')).to.equal(140);
    expect(valueOf('POST to 202, most')).to.equal(90);
    expect(valueOf('pushed more than once')).to.equal(1);
  });
});
