import { expect } from 'chai';
import { HpackDecoder } from './decoder.js';
import {
  type EncodableField,
  HpackEncoder,
  type Indexing,
  literalHead,
  MOST_BEGINNING_BYTES,
  writePlainLiteral,
} from './encoder.js';
import type { HeaderField } from './header-field.js';

const field = (name: string, value: string, indexing: Indexing = 'index'): EncodableField => ({
  name,
  value,
  indexing,
});

const decoder = (): HpackDecoder => new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 65_536 });

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const listOf = (fields: readonly EncodableField[]): HeaderField[] =>
  fields.map(({ name, value }) => [name, value]);

describe('encoding a header list', () => {
  it('refers to fields of the static table', () => {
    const block = new HpackEncoder().encode([
      field(':method', 'POST'),
      field(':scheme', 'https', 'without'),
      field(':status', '500'),
    ]);
    expect(hex(block)).to.equal('83878e');
  });

  it('refers to names of the static table, the first of a name', () => {
    const encoder = new HpackEncoder();
    expect(hex(encoder.encode([field(':status', '9', 'without')]))).to.equal('080139');
    expect(hex(encoder.encode([field('www-authenticate', '9', 'without')]))).to.equal('0f2e0139');
  });

  it('indexes a field once, and refers to it from then on', () => {
    const encoder = new HpackEncoder();
    expect(hex(encoder.encode([field('x', 'y')]))).to.equal('4001780179');
    expect(hex(encoder.encode([field('x', 'y')]))).to.equal('be');
    expect(hex(encoder.encode([field('x', 'z')]))).to.equal('7e017a');
    expect(hex(encoder.encode([field('x', 'y'), field('x', 'z')]))).to.equal('bfbe');
  });

  it('does not index what is not to be indexed', () => {
    const encoder = new HpackEncoder();
    for (let time = 0; time < 2; time += 1) {
      expect(hex(encoder.encode([field('x', 'y', 'without')]))).to.equal('0001780179');
    }
  });

  it('writes what is never to be indexed as a literal that says so (section 7.1.3)', () => {
    const encoder = new HpackEncoder();
    encoder.encode([field('authorization', '0')]);
    for (const [name, value, block] of [
      ['authorization', '0', '1f080130'],
      [':method', 'POST', '1204504f5354'],
      ['x', 'y', '1001780179'],
    ] as const) {
      expect(hex(encoder.encode([field(name, value, 'never')]))).to.equal(block);
    }
  });

  it('uses Huffman coding only where that is shorter', () => {
    const encoder = new HpackEncoder();
    expect(hex(encoder.encode([field(':path', 'aaaaaaaa', 'without')]))).to.equal('048518c6318c63');
    expect(hex(encoder.encode([field(':path', '\\\\', 'without')]))).to.equal('04025c5c');
  });

  it('does not give half of the table to one field', () => {
    const encoder = new HpackEncoder();
    const half = 'x'.repeat(2048 - 32 - 1);
    encoder.encode([field('a', half)]);
    expect(hex(encoder.encode([field('a', half)]))).to.equal('be');
    encoder.encode([field('b', `${half}x`)]);
    expect(encoder.encode([field('b', `${half}x`)]).length).to.be.above(1000);
    expect(hex(encoder.encode([field('a', half)]))).to.equal('be');
  });

  it('refuses a character that is not an octet, and does not repeat it', () => {
    for (const [name, value] of [
      ['x', 'caf\u0119'],
      ['caf\u0119', 'x'],
    ] as const) {
      const encode = (): Buffer => new HpackEncoder().encode([field(name, value)]);
      expect(encode).to.throw(RangeError, /^((?!caf).)*$/);
    }
    expect(() => new HpackEncoder().prepare([field('x', '\u0119')])).to.throw(RangeError);
    expect(() => literalHead('\u0119', 'never')).to.throw(RangeError);
  });

  it('inserts nothing of a list that it refuses', () => {
    const encoder = new HpackEncoder();
    expect(() => encoder.encode([field('x', 'y'), field('x', '\u0119')])).to.throw(RangeError);
    expect(hex(encoder.encode([field('x', 'y')]))).to.equal('4001780179');
  });
});

describe("the peer's limit of the table (RFC 7541 section 4.2)", () => {
  const NOTHING: EncodableField[] = [];

  it('is told at the start of the next block, once', () => {
    const encoder = new HpackEncoder();
    encoder.setMaxTableBytes(100);
    expect(hex(encoder.encode([field(':method', 'POST')]))).to.equal('3f4583');
    expect(hex(encoder.encode([field(':method', 'POST')]))).to.equal('83');
  });

  it('changes nothing when it is the default or more: ours is 4096', () => {
    const encoder = new HpackEncoder();
    for (const bytes of [4096, 65_536, 2 ** 32 - 1]) {
      encoder.setMaxTableBytes(bytes);
      expect(encoder.encode(NOTHING)).to.have.length(0);
    }
  });

  it('is told with its smallest value since the last block', () => {
    const encoder = new HpackEncoder();
    encoder.encode([field('x', 'y')]);
    for (const bytes of [1000, 0, 65_536]) encoder.setMaxTableBytes(bytes);
    expect(hex(encoder.encode([field('x', 'y')]))).to.equal('203fe11f4001780179');
  });

  it('evicts, and indexes nothing when it is 0', () => {
    const encoder = new HpackEncoder();
    encoder.encode([field('x', 'y')]);
    encoder.setMaxTableBytes(0);
    expect(hex(encoder.encode([field('x', 'y')]))).to.equal('200001780179');
    expect(hex(encoder.encode([field('x', 'y')]))).to.equal('0001780179');
  });
});

describe('prepared fields', () => {
  const FIELDS = [
    field(':method', 'POST'),
    field(':authority', 'push.example'),
    field('apns-topic', 'com.example.app'),
    field('authorization', `bearer ${'abc123'.repeat(30)}`, 'never'),
  ];

  it('come to the same list each time, and from the second on to references', () => {
    const encoder = new HpackEncoder();
    const peer = decoder();
    const prepared = encoder.prepare(FIELDS);
    const blocks = Array.from({ length: 4 }, () => encoder.encodePrepared(prepared));
    for (const block of blocks) expect(peer.decode(block)).to.deep.equal(listOf(FIELDS));
    expect(hex(blocks[1]!)).to.match(/^83bfbe1f08/);
    expect(blocks[2]).to.deep.equal(blocks[1]);
    expect(blocks[3]).to.deep.equal(blocks[1]);
  });

  it('follow the table when others insert', () => {
    const encoder = new HpackEncoder();
    const peer = decoder();
    const prepared = encoder.prepare(FIELDS);
    for (let time = 0; time < 200; time += 1) {
      expect(peer.decode(encoder.encodePrepared(prepared))).to.deep.equal(listOf(FIELDS));
      const other = [field('x', `${time} ${'y'.repeat(time)}`)];
      if (time % 3 === 0) expect(peer.decode(encoder.encode(other))).to.deep.equal(listOf(other));
    }
  });

  it('follow the table when its size changes', () => {
    const encoder = new HpackEncoder();
    const peer = decoder();
    const prepared = encoder.prepare(FIELDS);
    for (const bytes of [4096, 0, 100, 4096, 4096]) {
      encoder.setMaxTableBytes(bytes);
      for (let time = 0; time < 3; time += 1) {
        expect(peer.decode(encoder.encodePrepared(prepared))).to.deep.equal(listOf(FIELDS));
      }
    }
    expect(hex(encoder.encodePrepared(prepared))).to.match(/^83bfbe1f08/);
  });

  it('are not taken for those of another encoder', () => {
    const [one, other] = [new HpackEncoder(), new HpackEncoder()];
    const prepared = one.prepare(FIELDS);
    for (let time = 0; time < 2; time += 1) one.encodePrepared(prepared);
    const others = [field('a', '1'), field('b', '2')];
    const peer = decoder();
    peer.decode(other.encode(others));
    expect(peer.decode(other.encodePrepared(prepared))).to.deep.equal(listOf(FIELDS));
  });

  it('are written into a buffer, after a path of which nothing is kept', () => {
    const encoder = new HpackEncoder();
    const peer = decoder();
    const prepared = encoder.prepare(FIELDS);
    const path = literalHead(':path', 'never');
    const target = Buffer.alloc(1000, '!');
    for (let time = 0; time < 4; time += 1) {
      if (time === 2) encoder.setMaxTableBytes(200);
      const value = `/3/device/${String(time).repeat(64)}`;
      let end = encoder.begin(target, 10);
      expect(end - 10)
        .to.equal(time === 2 ? 3 : 0)
        .and.at.most(MOST_BEGINNING_BYTES);
      end = writePlainLiteral(target, end, path, value);
      const start = end;
      end = encoder.write(target, end, prepared);
      expect(end - start).to.be.at.most(prepared.mostBytes);
      expect(peer.decode(target.subarray(10, end))).to.deep.equal([
        [':path', value],
        ...listOf(FIELDS),
      ]);
      expect(target.toString('latin1', 0, 10)).to.equal('!!!!!!!!!!');
      expect(target.toString('latin1', end, end + 1)).to.equal('!');
      target.fill('!');
    }
  });
});

describe('a plain literal', () => {
  const written = (head: Uint8Array, value: string): string => {
    const target = Buffer.alloc(1000);
    return hex(target.subarray(0, writePlainLiteral(target, 0, head, value)));
  };

  it('is never Huffman-coded', () => {
    expect(written(literalHead(':path', 'never'), '/aaaaaaaaaaaa')).to.equal(
      `140d2f${'61'.repeat(12)}`,
    );
    expect(written(literalHead(':path', 'without'), 'a')).to.equal('040161');
  });

  it('can have a name that is not in the static table', () => {
    expect(written(literalHead('x', 'never'), 'a')).to.equal('1001780161');
  });

  it('can be longer than its prefix tells', () => {
    expect(written(literalHead(':path', 'never'), 'a'.repeat(200))).to.equal(
      `147f49${'61'.repeat(200)}`,
    );
  });

  it('is not cut off where there is no room for it', () => {
    const write = (): number =>
      writePlainLiteral(Buffer.alloc(20), 0, literalHead(':path', 'never'), 'a'.repeat(19));
    expect(write).to.throw(RangeError, 'no room');
  });
});
