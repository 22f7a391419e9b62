import { expect } from 'chai';
import fc from 'fast-check';
import { mongo, Types } from 'mongoose';
import { BsonReader, UnknownType } from './bson-reader.js';

const { BSON } = mongo;

const read = (document: mongo.Document): Record<string, unknown> =>
  new BsonReader(Buffer.from(BSON.serialize(document))).document();
const byDriver = (document: mongo.Document): mongo.Document =>
  BSON.deserialize(BSON.serialize(document));

/** Names that JavaScript would take for something else are in it, but `__proto__`. */
const name = fc
  .string({ unit: 'grapheme', maxLength: 30 })
  .filter((text) => !text.includes('\0') && text !== '__proto__');
const leaf = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom('granted', 'denied', '', 'constructor', 'ünïcödé', '汉字', '😀'),
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => new mongo.Binary(bytes)),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => new mongo.Binary(bytes, 4)),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => new Types.ObjectId(bytes)),
);
const { tree } = fc.letrec<{ tree: unknown; document: mongo.Document }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('tree'), { maxLength: 5 }),
    tie('document'),
  ),
  document: fc.dictionary(name, tie('tree'), { maxKeys: 6 }),
}));
const documents = fc.dictionary(name, tree, { maxKeys: 12 });

describe('the reader of BSON', () => {
  it('reads what the driver reads', () => {
    fc.assert(
      fc.property(documents, (document) => {
        expect(read(document)).to.deep.equal(byDriver(document));
      }),
      { numRuns: 500 },
    );
  });

  it('reads documents that have some of their fields and texts in common', () => {
    const alike = fc.record(
      {
        _id: fc.integer(),
        vendor: fc.constantFrom('apns', 'fcm', 'apn', ''),
        name: fc.constantFrom('a', 'b', 1, null),
        named: fc.boolean(),
        consent: fc.record(
          { push: fc.constantFrom('granted', 'denied'), at: fc.integer() },
          {
            requiredKeys: [],
          },
        ),
        tags: fc.array(fc.oneof(fc.constantFrom('x', 'y'), fc.record({ x: fc.string() }))),
      },
      { requiredKeys: ['_id'] },
    );
    fc.assert(
      fc.property(fc.array(alike, { maxLength: 20 }), (page) => {
        expect(read({ page })).to.deep.equal(byDriver({ page }));
      }),
      { numRuns: 500 },
    );
  });

  it('tells thousands of names apart', () => {
    const page = Array.from({ length: 5_000 }, (_, index) => ({ [`word-${index}`]: index }));
    expect(read({ page })).to.deep.equal({ page });
  });

  it('reads dates before 1970 and numbers beyond 32 bits', () => {
    const document = {
      early: new Date('1900-01-01T00:00:00.001Z'),
      late: new Date('9999-12-31T23:59:59.999Z'),
      large: mongo.Long.fromNumber(Number.MAX_SAFE_INTEGER),
      negative: mongo.Long.fromNumber(Number.MIN_SAFE_INTEGER),
    };
    expect(read(document)).to.deep.equal(byDriver(document));
  });

  it('leaves types to the driver that it does not know', () => {
    const unknown: mongo.Document[] = [
      { any: new mongo.Decimal128('1.5') },
      { any: /a/ },
      { any: mongo.Timestamp.fromNumber(1) },
      { any: new mongo.MinKey() },
      { any: mongo.Long.MAX_VALUE },
      { any: new mongo.Binary(Buffer.from('old'), 2) },
      { deep: [{ any: new mongo.Code('1') }] },
      JSON.parse('{"__proto__": 1}') as mongo.Document,
    ];
    for (const document of unknown) expect(() => read(document)).to.throw(UnknownType);
  });
});
