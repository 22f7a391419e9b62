import { expect } from 'chai';
import fc from 'fast-check';
import { mongo, Types } from 'mongoose';
import type { DeliveryState } from './batch.js';
import type { Delivery } from './delivery.js';
import { deliveryBytes } from './delivery-bytes.js';

const text = fc.string({ unit: 'binary', maxLength: 40 });
const idBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const instant = fc.constantFrom(
  new Date('2026-11-22T10:00:00.123Z'),
  new Date('1969-12-31T23:59:59.999Z'),
  new Date('9999-12-31T23:59:59.999Z'),
);
/** Few of each, so that rows often have the same as the row before. */
const row = fc
  .record(
    {
      _id: idBytes(24).map((bytes) => new mongo.Binary(bytes)),
      d: idBytes(12).map((bytes) => new Types.ObjectId(bytes)),
      s: fc.constantFrom<DeliveryState>('accepted', 'failed', 'unknown'),
      r: fc.constantFrom('http-500', 'TooLong'),
      v: fc.constantFrom('apns', 'fcm'),
      p: fc.constantFrom('default', 'ünïcödé', '汉字'),
      m: text,
      n: fc.integer({ min: 0, max: 3 }),
      t: instant,
      f: instant,
    },
    { requiredKeys: ['_id', 'd', 's', 'n', 't'] },
  )
  // In the order of the driver: that of the fields of the object.
  .map(
    ({ _id, d, s, r, v, p, m, n, t, f }): Delivery => ({
      ...{ _id, d, s },
      ...(r === undefined ? {} : { r }),
      ...(v === undefined ? {} : { v }),
      ...(p === undefined ? {} : { p }),
      ...(m === undefined ? {} : { m }),
      ...{ n, t },
      ...(f === undefined ? {} : { f }),
    }),
  );

const byDriver = (rows: readonly Delivery[]): Buffer =>
  Buffer.concat(rows.map((one) => mongo.BSON.serialize(one)));

describe('delivery rows as BSON', () => {
  it('are the bytes that the driver makes of them', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), (rows) => {
        expect(deliveryBytes(rows).toString('hex')).to.equal(byDriver(rows).toString('hex'));
      }),
      { numRuns: 1_000 },
    );
  });

  it('find room, however long the later texts are', () => {
    const [short] = fc.sample(row, 1);
    const rows = [short!, { ...short!, m: '汉'.repeat(5_000) }, short!].map(
      ({ _id, d, s, m = '', n, t }): Delivery => ({ _id, d, s, m, n, t }),
    );
    expect(deliveryBytes(rows).equals(byDriver(rows))).to.equal(true);
  });
});
