import { expect } from 'chai';
import fc from 'fast-check';
import { ProblemError } from '../problems.js';
import {
  LINES_AT_A_TIME,
  type Line,
  lineGroups,
  MAX_IMPORT_LINES,
  MAX_LINE_BYTES,
} from './lines.js';

async function* stream(...chunks: (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk as string);
}

const read = async (...chunks: (string | Buffer)[]): Promise<Line[]> => {
  const lines: Line[] = [];
  for await (const group of lineGroups(stream(...chunks))) lines.push(...group);
  return lines;
};
const texts = (lines: readonly Line[]): string[] => lines.map(({ text }) => text);

describe('Lines of a stream', () => {
  it('are numbered as an editor does, without the empty ones', async () => {
    expect(await read('a\n\nb\r\n   \nc')).to.deep.equal([
      { number: 1, text: 'a' },
      { number: 3, text: 'b' },
      { number: 5, text: 'c' },
    ]);
  });

  it('come out the same wherever the stream is cut', async () => {
    const text = 'erste\nzweite é\r\n\n漢字,"x"\nlast';
    const whole = await read(text);
    const bytes = Buffer.from(text);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
        const ends = [0, ...cuts.sort((left, right) => left - right), bytes.length];
        const chunks = ends.slice(1).map((end, index) => bytes.subarray(ends[index], end));
        expect(await read(...chunks)).to.deep.equal(whole);
      }),
    );
  });

  it('lose a byte order mark only at the beginning', async () => {
    expect(texts(await read('\ufeffa\n\ufeffb'))).to.deep.equal(['a', '\ufeffb']);
  });

  it('are faulty alone when they are too long or not UTF-8', async () => {
    const long = 'x'.repeat(MAX_LINE_BYTES + 1);
    const lines = await read(
      'a\n',
      long.slice(0, 40_000),
      long.slice(40_000),
      '\nb\n',
      Buffer.from([0xff, 0x0a]),
      'c',
    );
    expect(lines.map(({ number, fault }) => [number, fault != null])).to.deep.equal([
      [1, false],
      [2, true],
      [3, false],
      [4, true],
      [5, false],
    ]);
    expect(texts(lines)).to.deep.equal(['a', '', 'b', '', 'c']);
    const [longest] = await read('x'.repeat(MAX_LINE_BYTES));
    expect(longest).not.to.have.property('fault');
  });

  it('are counted also when they are blank, wherever blanks end or are cut', async () => {
    expect(await read('\n \n\t', '\r\n\n', '\n', '  a\n \v\n', ' ', '\n', ' b')).to.deep.equal([
      { number: 6, text: '  a' },
      { number: 9, text: ' b' },
    ]);
  });

  it('cost next to nothing when they are blank', async () => {
    const blank = Buffer.alloc(1_000_000, '\n');
    const before = process.cpuUsage();
    const lines = await read(blank, blank, blank, blank, 'a');
    const { user } = process.cpuUsage(before);
    expect(lines).to.deep.equal([{ number: 4_000_001, text: 'a' }]);
    // One object a line takes seconds.
    expect(user / 1_000).to.be.below(3_000);
  });

  it('are not more than an import may have, the blank ones included', async () => {
    const refusalOf = async (text: string): Promise<unknown> => {
      try {
        for await (const _ of lineGroups(stream(text), { maxLines: 3 }));
      } catch (error) {
        return error;
      }
      return undefined;
    };
    for (const text of ['a\nb\nc\nd', '\n\n\n\n', 'a\n\n\nb\n']) {
      const refusal = await refusalOf(text);
      expect(refusal).to.be.instanceOf(ProblemError).with.property('code', 'BODY_TOO_LARGE');
      expect((refusal as ProblemError).options.detail).to.equal('At most 3 lines are taken');
    }
    expect(await refusalOf('a\n\nb\n')).to.equal(undefined);
    expect(MAX_IMPORT_LINES).to.equal(5_000_000);
  });

  it('come in groups, and nothing is read before it is asked for', async () => {
    let asked = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        asked += 1;
        yield Buffer.from('line\n'.repeat(LINES_AT_A_TIME / 10));
      }
    }
    const groups = lineGroups(endless());
    for (let group = 1; group <= 3; group += 1) {
      const next = await groups.next();
      expect(next.value).to.have.lengthOf(LINES_AT_A_TIME);
      expect(asked).to.equal(group * 10);
    }
    await groups.return(undefined);
  });
});
