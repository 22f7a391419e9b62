import { expect } from 'chai';
import { progressOn, progressText } from './progress.js';
import type { Counts } from './task-answer.js';

const counts = (targeted: number, pending: number): Counts => ({
  targeted,
  pending,
  accepted: targeted - pending,
  failed: 0,
  suppressed: 0,
  expired: 0,
  cancelled: 0,
  unknown: 0,
});

/** A stream that is a terminal or not, and a clock that stands still until it is moved. */
const shown = (isTTY: boolean) => {
  const written: string[] = [];
  const clock = { ms: 0 };
  const stream = { isTTY, write: (text: string) => written.push(text) };
  const progress = progressOn(stream as unknown as NodeJS.WriteStream, () => clock.ms);
  return { progress, written, clock };
};

describe('progressText', () => {
  it('fills the bar as devices get through, and is full only at the end', () => {
    expect(progressText('x', counts(0, 0))).to.match(/planning$/);
    expect(progressText('x', counts(10, 10)))
      .to.include('░'.repeat(30))
      .and.include('0 of 10');
    expect(progressText('x', counts(1000, 1)))
      .to.include('░')
      .and.include('999 of 1,000');
    expect(progressText('x', counts(1000, 0)))
      .to.include('█'.repeat(30))
      .and.not.include('░');
  });
});

describe('progressOn', () => {
  it('redraws one line on a terminal and ends it when the task is over', () => {
    const { progress, written, clock } = shown(true);
    progress.show('a', counts(10, 5));
    clock.ms += 150;
    progress.show('a', counts(10, 2));
    progress.finish('a', counts(10, 0));
    expect(written).to.have.length(4);
    expect(
      written.slice(0, 3).every((text) => text.startsWith('\r') && !text.endsWith('\n')),
    ).to.equal(true);
    expect(written[3]).to.equal('\n');
  });

  it('writes few whole lines elsewhere, and always the last', () => {
    const { progress, written, clock } = shown(false);
    for (let i = 0; i < 100; i += 1) {
      clock.ms += 50;
      progress.show('a', counts(100, 100 - i));
    }
    progress.finish('a', counts(100, 0));
    expect(written).to.have.length.within(3, 5);
    expect(written.every((text) => /^[^\r\x1b]+\n$/.test(text))).to.equal(true);
    expect(written.at(-1)).to.include('100 of 100');
  });
});
