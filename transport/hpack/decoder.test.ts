import { expect } from 'chai';
import { HpackDecoder, HpackError } from './decoder.js';
import type { HeaderField } from './header-field.js';

const OPTIONS = { maxTableBytes: 4096, maxListBytes: 65_536 };

/** Blocks are written in hexadecimal, with what is text as text between quotes: `40 01 "a" 01 "b"`. */
const block = (notation: string): Buffer =>
  Buffer.concat(
    [...notation.matchAll(/"([^"]*)"|([0-9a-f]{2})/g)].map(([, text, octet = '']) =>
      text === undefined ? Buffer.from(octet, 'hex') : Buffer.from(text, 'latin1'),
    ),
  );

interface Decoding {
  readonly decoder: HpackDecoder;
  readonly decode: (notation: string) => readonly HeaderField[];
  /** Decodes it and gives back what it throws. */
  readonly refuse: (notation: string) => HpackError;
}

const decoding = (options: Partial<typeof OPTIONS> = {}): Decoding => {
  const decoder = new HpackDecoder({ ...OPTIONS, ...options });
  const decode = (notation: string): readonly HeaderField[] => decoder.decode(block(notation));
  return {
    decoder,
    decode,
    refuse: (notation) => {
      try {
        decode(notation);
      } catch (error) {
        if (error instanceof HpackError) return error;
        throw error;
      }
      throw new Error('It was accepted');
    },
  };
};

describe('decoding a header block', () => {
  it('gives an empty list for an empty block', () => {
    expect(decoding().decode('')).to.deep.equal([]);
  });

  it('takes a name from the static or from the dynamic table', () => {
    const { decode } = decoding();
    expect(decode('40 01 "a" 01 "1"')).to.deep.equal([['a', '1']]);
    expect(decode('0f 2f 01 "2" 1f 2f 01 "3" 7e 01 "4" 01 01 "x"')).to.deep.equal([
      ['a', '2'],
      ['a', '3'],
      ['a', '4'],
      [':authority', 'x'],
    ]);
    expect(decode('be bf')).to.deep.equal([
      ['a', '4'],
      ['a', '1'],
    ]);
  });

  it('keeps every octet of a value as it is', () => {
    expect(decoding().decode('00 01 "a" 04 00 80 ff 0a')).to.deep.equal([['a', '\0\x80\xff\n']]);
  });

  it('decodes a string that is longer than any scratch space', () => {
    const zeros = '00 '.repeat(10_000);
    const list = decoding().decode(`00 01 "a" ff 91 4d ${zeros}`);
    expect(list).to.deep.equal([['a', '0'.repeat(16_000)]]);
  });

  it('refers to a name whose field it evicts by inserting', () => {
    const { decode } = decoding();
    decode('3f 09 40 02 "ab" 01 "1"');
    expect(decode('7e 01 "2"')).to.deep.equal([['ab', '2']]);
    expect(decode('be')).to.deep.equal([['ab', '2']]);
  });

  const refused: [rule: string, notation: string, message: string][] = [
    ['the index is 0 (6.1)', '80', 'index is 0'],
    ['the index is beyond the static table and nothing was inserted (2.3.3)', 'be', 'beyond'],
    ['the index is beyond the dynamic table', '40 01 "a" 01 "b" be bf', 'beyond the table'],
    ['the index is enormous', 'ff ff ff ff 7f', 'beyond the table'],
    ['the index is too large for an integer (5.1)', 'ff ff ff ff ff 7f', 'too large'],
    ['the index of a name is beyond the table', '7e 01 "b"', 'beyond the table'],
    ['the block ends inside an index', 'ff', 'ends inside an integer'],
    ['the block ends before a name', '40', 'ends inside an integer'],
    ['the block ends inside a name', '40 02 "a"', 'ends inside a string'],
    ['the block ends before a value', '41', 'ends inside an integer'],
    ['the block ends inside a value', '41 05 "abcd"', 'ends inside a string'],
    ['a string is longer than any block', '41 7f ff ff ff 7f "abcd"', 'ends inside a string'],
    ['a name is Huffman-coded with EOS (5.2)', '40 84 ff ff ff ff 01 "b"', 'EOS'],
    ['a value has too much padding (5.2)', '41 82 1f ff', 'padding'],
    ['a table size update follows a field (4.2)', '82 20', 'at the beginning'],
    ['a table size update is above the limit (6.3)', '3f e2 1f', 'above the limit'],
    ['the block ends inside a table size update', '3f', 'ends inside an integer'],
  ];
  for (const [rule, notation, message] of refused) {
    it(`is a compression error when ${rule}`, () => {
      const error = decoding().refuse(notation);
      expect(error).to.have.property('tooLarge', false);
      expect(error.message).to.include(message);
    });
  }

  it('does not show what it refuses', () => {
    expect(decoding().refuse('41 06 "secret" 41 07 "secret"').message).not.to.include('secret');
  });
});

describe('the size of the table (RFC 7541 section 4.2)', () => {
  it('can be set to our limit, once or more often, at the beginning of a block', () => {
    const { decode } = decoding();
    decode('40 01 "a" 01 "1"');
    expect(decode('3f e1 1f be')).to.deep.equal([['a', '1']]);
    expect(decode('20 3f e1 1f 82')).to.deep.equal([[':method', 'GET']]);
  });

  it('evicts when it shrinks, also in between', () => {
    const { decode, refuse } = decoding();
    decode('40 01 "a" 01 "1"');
    decode('40 01 "b" 01 "2"');
    decode('3f 03');
    expect(decode('be')).to.deep.equal([['b', '2']]);
    expect(refuse('bf').message).to.include('beyond the table');
    decode('20 3f e1 1f');
    expect(refuse('be').message).to.include('beyond the table');
  });

  it('is 4096 until the peer says more, whatever we allow', () => {
    const { decode, refuse } = decoding({ maxTableBytes: 8192 });
    const large = `7f 81 1f ${'61 '.repeat(4096)}`;
    decode('40 01 "a" 01 "1"');
    decode(`40 01 "b" ${large}`);
    expect(refuse('be').message).to.include('beyond the table');
    decode(`3f e1 3f 40 01 "b" ${large}`);
    expect(decode('be')[0]![1]).to.have.length(4096);
  });

  context('when we allow less than the default', () => {
    it('may be the default until our SETTINGS are acknowledged', () => {
      const { decode } = decoding({ maxTableBytes: 0 });
      decode('40 01 "a" 01 "1"');
      expect(decode('be')).to.deep.equal([['a', '1']]);
      expect(decode('3f e1 1f be')).to.deep.equal([['a', '1']]);
    });

    it('must then be updated by the next block (RFC 9113 section 4.3.1)', () => {
      const { decoder, decode, refuse } = decoding({ maxTableBytes: 100 });
      decoder.acknowledged();
      expect(refuse('82').message).to.include('does not begin with a table size update');
      expect(decode('3f 45 82')).to.deep.equal([[':method', 'GET']]);
      expect(decode('82')).to.deep.equal([[':method', 'GET']]);
      expect(refuse('3f 46').message).to.include('above the limit');
    });

    it('needs no update when it is small enough already', () => {
      const { decoder, decode } = decoding({ maxTableBytes: 100 });
      decode('3f 45');
      decoder.acknowledged();
      expect(decode('82')).to.deep.equal([[':method', 'GET']]);
    });
  });
});

describe('the limit of the header list (RFC 9113 section 10.5.1)', () => {
  // Each of these fields counts for 34 bytes.
  const MAX_LIST_BYTES = 3 * 34;

  it('allows a list that just fits', () => {
    const { decode } = decoding({ maxListBytes: MAX_LIST_BYTES });
    expect(decode('40 01 "a" 01 "1" be be')).to.have.length(3);
  });

  it('refuses a larger one, but leaves the table as the block makes it', () => {
    const { decode, refuse } = decoding({ maxListBytes: MAX_LIST_BYTES });
    expect(refuse('40 01 "a" 01 "1" be be be 40 01 "b" 01 "2"')).to.include({ tooLarge: true });
    expect(decode('be bf')).to.deep.equal([
      ['b', '2'],
      ['a', '1'],
    ]);
  });

  it('refuses it each time', () => {
    const { refuse, decode } = decoding({ maxListBytes: MAX_LIST_BYTES });
    for (let time = 0; time < 4; time += 1) {
      expect(refuse('82 82 82')).to.have.property('tooLarge', true);
      expect(decode('82')).to.have.length(1);
    }
  });

  it('is not what counts when the rest of the block is wrong', () => {
    const { refuse } = decoding({ maxListBytes: MAX_LIST_BYTES });
    expect(refuse('40 01 "a" 01 "1" be be be be 80')).to.have.property('tooLarge', false);
  });
});

describe('a block that was decoded before', () => {
  it('gives the same list from the third time on', () => {
    const { decode } = decoding();
    const lists = Array.from({ length: 5 }, () => decode('82 00 01 "a" 01 "1"'));
    for (const list of lists) expect(list).to.deep.equal(lists[0]);
    expect(lists[2]).to.equal(lists[1]);
    expect(lists[4]).to.equal(lists[1]);
    expect(lists[1]).not.to.equal(lists[0]);
  });

  it('is remembered among others', () => {
    const { decode } = decoding();
    const notations = ['82', '83', '84', '85', '86', '87', '88'];
    const round = (): (readonly HeaderField[])[] => notations.map(decode);
    const [, second, third] = [round(), round(), round()];
    expect(third).to.deep.equal(second);
    const known = third.filter((list, index) => list === second[index]);
    // Two may share a slot; most do not.
    expect(known).to.have.length.above(notations.length / 2);
  });

  it('inserts its fields each time', () => {
    const { decode, refuse } = decoding();
    for (let time = 0; time < 3; time += 1) decode('40 01 "a" 01 "1" 40 01 "b" 01 "2"');
    expect(
      decode('be bf c0 c1 c2 c3')
        .map(([name]) => name)
        .join(''),
    ).to.equal('bababa');
    expect(refuse('c4').message).to.include('beyond the table');
  });

  it('is decoded anew when it refers to another field than before', () => {
    const { decode } = decoding();
    decode('40 01 "a" 01 "1"');
    for (let time = 0; time < 3; time += 1) decode('88 be 82');
    decode('40 01 "b" 01 "2"');
    for (let time = 0; time < 4; time += 1) {
      expect(decode('88 be 82')).to.deep.equal([
        [':status', '200'],
        ['b', '2'],
        [':method', 'GET'],
      ]);
    }
    expect(decode('88 be 82')).to.equal(decode('88 be 82'));
  });

  it('is decoded anew when it refers to another name than before', () => {
    const { decode } = decoding();
    decode('40 01 "a" 01 "1"');
    for (let time = 0; time < 3; time += 1) decode('0f 2f 01 "x"');
    decode('40 01 "b" 01 "1"');
    expect(decode('0f 2f 01 "x"')).to.deep.equal([['b', 'x']]);
  });

  it('takes a name from another field of that name', () => {
    const { decode } = decoding();
    decode('40 01 "a" 01 "1"');
    for (let time = 0; time < 3; time += 1) decode('0f 2f 01 "x"');
    decode('40 01 "a" 01 "2"');
    expect(decode('0f 2f 01 "x"')).to.deep.equal([['a', 'x']]);
  });

  it('is refused when what it refers to is gone', () => {
    const { decode, refuse } = decoding();
    decode('40 01 "a" 01 "1"');
    for (let time = 0; time < 3; time += 1) decode('be');
    decode('20 3f e1 1f');
    expect(refuse('be').message).to.include('beyond the table');
  });

  it('is refused when its own insertions now evict what it refers to', () => {
    const { decode, refuse } = decoding();
    const insertion = '40 01 "x" 01 "y"';
    decode('3f 66 40 01 "a" 01 "1"'); // 133 bytes: room for three fields of 34
    decode(`${insertion} bf`);
    decode('20 3f 66 40 01 "a" 01 "1"');
    decode(`${insertion} bf`);
    decode('20 3f 66 40 01 "a" 01 "1"');
    expect(decode(`${insertion} bf`)).to.deep.equal([
      ['x', 'y'],
      ['a', '1'],
    ]);
    decode('20 3f 06 40 01 "a" 01 "1"'); // 37 bytes: room for one
    expect(refuse(`${insertion} bf`).message).to.include('beyond the table');
  });

  it('still counts towards the limit of the list when it is decoded anew', () => {
    const { decode, refuse } = decoding({ maxListBytes: 3 * 42 });
    decode('40 01 "a" 01 "1"');
    for (let time = 0; time < 3; time += 1) decode('82 82 be');
    decode('40 01 "b" 0f "0123456789abcde"');
    expect(refuse('82 82 be')).to.have.property('tooLarge', true);
  });

  it('does not change with the buffer that it came in', () => {
    const { decoder } = decoding();
    const reused = Buffer.alloc(7);
    for (let time = 0; time < 3; time += 1) decoder.decode(block('88 00 01 "a" 01 "1"'));
    block('88 00 01 "a" 01 "1"').copy(reused);
    decoder.decode(reused.subarray(0, 6));
    block('88 00 01 "a" 01 "2"').copy(reused);
    expect(decoder.decode(reused.subarray(0, 6))[1]).to.deep.equal(['a', '2']);
  });
});
