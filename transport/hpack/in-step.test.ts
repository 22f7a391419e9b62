/** Encoder and decoder over long random connections, and the decoder with whatever bytes. */
import { expect } from 'chai';
import fc from 'fast-check';
import { HpackDecoder } from './decoder.js';
import { type EncodableField, HpackEncoder } from './encoder.js';
import { HpackError } from './hpack-error.js';

const OPTIONS = { maxTableBytes: 4096, maxListBytes: 65_536 };
const OCTETS = Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet));

const octets = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...OCTETS), maxLength });

/** Few enough that the same come again, and large enough that they evict each other. */
const field: fc.Arbitrary<EncodableField> = fc.record({
  name: fc.oneof(fc.constantFrom(':status', ':path', 'content-type', 'apns-id', 'x'), octets(20)),
  value: fc.oneof(fc.constantFrom('200', '/', '', 'y'.repeat(900)), octets(100)),
  indexing: fc.constantFrom('index', 'index', 'without', 'never'),
});
const list = fc.array(field, { maxLength: 12 });

describe('encoder and decoder', () => {
  it('stay in step, whatever is sent, prepared, and allowed', () => {
    const action = fc.oneof(
      { weight: 4, arbitrary: fc.record({ encode: list }) },
      { weight: 4, arbitrary: fc.record({ prepared: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ allow: fc.oneof(fc.nat(200), fc.nat(10_000)) }) },
    );
    const connection = fc.record({
      prepared: fc.tuple(list, list, list),
      actions: fc.array(action, { minLength: 1, maxLength: 60, size: 'max' }),
    });
    fc.assert(
      fc.property(connection, ({ prepared, actions }) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder(OPTIONS);
        const ready = prepared.map((fields) => encoder.prepare(fields));
        for (const one of actions) {
          if ('allow' in one) {
            encoder.setMaxTableBytes(one.allow);
            continue;
          }
          const fields = 'encode' in one ? one.encode : prepared[one.prepared]!;
          const block =
            'encode' in one ? encoder.encode(fields) : encoder.encodePrepared(ready[one.prepared]!);
          const expected = fields.map(({ name, value }) => [name, value]);
          expect(decoder.decode(block)).to.deep.equal(expected);
        }
      }),
    );
  });
});

const LAST: EncodableField = { name: 'last', value: 'x', indexing: 'without' };

describe('a hostile peer', () => {
  /** Whether it was decoded. */
  const survives = (decoder: HpackDecoder, bytes: Uint8Array): boolean => {
    try {
      decoder.decode(Buffer.from(bytes));
      return true;
    } catch (error) {
      expect(error).to.be.instanceOf(HpackError);
      return false;
    }
  };

  it('can send any bytes and gets nothing but an HpackError', () => {
    const blocks = fc.array(fc.uint8Array({ maxLength: 200, size: 'max' }), { maxLength: 5 });
    let accepted = 0;
    fc.assert(
      fc.property(blocks, (some) => {
        const decoder = new HpackDecoder(OPTIONS);
        for (const bytes of some) if (survives(decoder, bytes)) accepted += 1;
      }),
      { numRuns: 2000 },
    );
    expect(accepted).to.be.above(0);
  });

  it('can change or cut off a good block and gets nothing but an HpackError', () => {
    const change = fc.record({ at: fc.nat(1000), to: fc.nat(255), end: fc.nat(1000) });
    fc.assert(
      fc.property(list, change, (fields, { at, to, end }) => {
        const bytes = new HpackEncoder().encode([...fields, LAST]);
        bytes[at % bytes.length] = to;
        const decoder = new HpackDecoder(OPTIONS);
        survives(decoder, bytes);
        survives(decoder, bytes.subarray(0, end % bytes.length));
      }),
      { numRuns: 1000 },
    );
  });

  it('cannot make a small block into a large list', () => {
    const decoder = new HpackDecoder(OPTIONS);
    const large = new HpackEncoder().encode([
      { name: 'x', value: '\0'.repeat(1900), indexing: 'index' },
    ]);
    decoder.decode(large);
    const bomb = Buffer.alloc(1_000_000, 0xbe);
    for (let time = 0; time < 3; time += 1) {
      expect(() => decoder.decode(bomb))
        .to.throw(HpackError)
        .with.property('tooLarge', true);
    }
    expect(decoder.decode(Buffer.from([0xbe]))).to.have.length(1);
  });
});
