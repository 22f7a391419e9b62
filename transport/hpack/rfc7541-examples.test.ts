/** The examples of RFC 7541 appendix C, as its text has them. */
import { expect } from 'chai';
import { HpackDecoder } from './decoder.js';
import { HpackEncoder } from './encoder.js';
import type { HeaderField } from './header-field.js';
import { readInteger, writeInteger } from './integers.js';

const fromHex = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

/** Fields as the RFC prints them, one a line. */
const fields = (text: string): HeaderField[] =>
  text
    .trim()
    .split('\n')
    .map((line) => {
      const [, name = '', value = ''] = /^\s*(:?[^:]+): (.*)$/.exec(line) ?? [];
      return [name, value] as const;
    });

const decoder = (): HpackDecoder => new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 65_536 });

/** Tells a decoder of another table size than the default before the first block. */
const tableSize = (bytes: number): Buffer => {
  const update = Buffer.alloc(6);
  return update.subarray(0, writeInteger(update, 0, { pattern: 0x20, prefixBits: 5 }, bytes));
};

describe('the examples of RFC 7541', () => {
  const integers: [value: number, prefixBits: number, hex: string][] = [
    [10, 5, '0a'],
    [1337, 5, '1f9a0a'],
    [42, 8, '2a'],
  ];
  for (const [value, prefixBits, hex] of integers) {
    it(`has ${value} with a prefix of ${prefixBits} bits (C.1)`, () => {
      const cursor = { bytes: fromHex(hex), at: 0 };
      expect(readInteger(cursor, prefixBits)).to.equal(value);
      expect(cursor.at).to.equal(cursor.bytes.length);
      const target = Buffer.alloc(6);
      const end = writeInteger(target, 0, { pattern: 0, prefixBits }, value);
      expect(target.subarray(0, end).toString('hex')).to.equal(hex);
    });
  }

  const representations: [what: string, hex: string, text: string][] = [
    [
      'a literal with indexing (C.2.1)',
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      'custom-key: custom-header',
    ],
    [
      'a literal without indexing (C.2.2)',
      '040c 2f73 616d 706c 652f 7061 7468',
      ':path: /sample/path',
    ],
    [
      'a literal never indexed (C.2.3)',
      '1008 7061 7373 776f 7264 0673 6563 7265 74',
      'password: secret',
    ],
    ['an indexed field (C.2.4)', '82', ':method: GET'],
  ];
  for (const [what, hex, text] of representations) {
    it(`has ${what}`, () => {
      expect(decoder().decode(fromHex(hex))).to.deep.equal(fields(text));
    });
  }

  it('inserts only the literal with indexing (C.2)', () => {
    const one = decoder();
    for (const [, hex] of representations) one.decode(fromHex(hex));
    expect(one.decode(fromHex('be'))).to.deep.equal([['custom-key', 'custom-header']]);
    expect(() => one.decode(fromHex('bf'))).to.throw('The index is beyond the table');
  });

  const REQUESTS = [
    ':method: GET\n:scheme: http\n:path: /\n:authority: www.example.com',
    ':method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\ncache-control: no-cache',
    ':method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\ncustom-key: custom-value',
  ];
  const HUFFMAN_REQUESTS = [
    '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
    '8286 84be 5886 a8eb 1064 9cbf',
    '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
  ];
  const RESPONSES = [
    ':status: 302\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\nlocation: https://www.example.com',
    ':status: 307\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\nlocation: https://www.example.com',
    ':status: 200\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:22 GMT\nlocation: https://www.example.com\n' +
      'content-encoding: gzip\nset-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
  ];

  const exchanges: [what: string, tableBytes: number, blocks: string[], texts: string[]][] = [
    [
      'requests without Huffman coding (C.3)',
      4096,
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
      REQUESTS,
    ],
    ['requests with Huffman coding (C.4)', 4096, HUFFMAN_REQUESTS, REQUESTS],
    [
      'responses without Huffman coding, and eviction (C.5)',
      256,
      [
        '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133' +
          '2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70' +
          '6c65 2e63 6f6d',
        '4803 3330 37c1 c0bf',
        '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d' +
          '54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049' +
          '5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e' +
          '3d31',
      ],
      RESPONSES,
    ],
    [
      'responses with Huffman coding, and eviction (C.6)',
      256,
      [
        '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6' +
          '2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
        '4883 640e ffc1 c0bf',
        '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab' +
          '77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f' +
          '9587 3160 65c0 03ed 4ee5 b106 3d50 07',
      ],
      RESPONSES,
    ],
  ];
  for (const [what, tableBytes, blocks, texts] of exchanges) {
    it(`has ${what}`, () => {
      const one = decoder();
      if (tableBytes !== 4096) one.decode(tableSize(tableBytes));
      const lists = blocks.map((block) => one.decode(fromHex(block)));
      expect(lists).to.deep.equal(texts.map(fields));
    });
  }

  it('is what the encoder writes for the requests with Huffman coding (C.4)', () => {
    const encoder = new HpackEncoder();
    const blocks = REQUESTS.map((text) =>
      encoder.encode(fields(text).map(([name, value]) => ({ name, value, indexing: 'index' }))),
    );
    expect(blocks).to.deep.equal(HUFFMAN_REQUESTS.map(fromHex));
  });
});
