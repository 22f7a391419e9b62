import { expect } from 'chai';
import fc from 'fast-check';
import { BUCKET_MS, createSlices, SPARE_SHARE } from './slices.js';

const SECOND_MS = 1_000;

describe('slices', () => {
  const ofThousand = (count = 200, fromMs = 0) => {
    const slices = createSlices();
    slices.add({ fromMs, gapMs: 1, count }, 1_000);
    return slices;
  };

  it('gives nothing before its time', () => {
    const slices = ofThousand(200, 100);
    expect(slices.take(99, 10)).to.equal(0);
    expect(slices.nextAt(50)).to.equal(100);
    expect(slices.take(100, 10)).to.equal(1);
  });

  it('gives each permit once, evenly over the slice', () => {
    const slices = ofThousand(200);
    const taken = Array.from({ length: 21 }, (_, nth) => slices.take(nth * 10, 1_000));
    expect(taken).to.deep.equal([1, ...Array.from({ length: 19 }, () => 10), 9]);
    expect(slices.nextAt(200)).to.equal(undefined);
  });

  it('lets a process that was busy catch up with the bucket, and loses the rest', () => {
    const slices = ofThousand(200);
    const spare = 1_000 * SPARE_SHARE;
    expect(slices.take(150, 1_000)).to.equal(BUCKET_MS + 1 + spare);
  });

  it('keeps a few permits for a push that comes later', () => {
    const slices = ofThousand(200);
    expect(slices.nextAt(60_000)).to.equal(60_000);
    expect(slices.take(60_000, 1_000)).to.equal(1_000 * SPARE_SHARE);
    expect(slices.take(60_000, 1_000)).to.equal(0);
  });

  it('lets a slow permit wait for its sender until the next is due', () => {
    const slices = createSlices();
    slices.add({ fromMs: 0, gapMs: 400, count: 2 }, 2.5);
    expect(slices.take(390, 5)).to.equal(1);
    expect(slices.take(799, 5)).to.equal(1);
  });

  it('gives up what it has when it is cleared', () => {
    const slices = ofThousand(200);
    slices.take(100, 1);
    slices.clear();
    expect([slices.take(100, 10), slices.left(100), slices.lastFrom()]).to.deep.equal([
      0,
      0,
      undefined,
    ]);
  });

  it('never lets more than the rate and the bucket through in a second, whoever stalls', () => {
    // Slices of several processes follow each other; each process looks at its own at moments of its own.
    const processes = fc.integer({ min: 1, max: 4 });
    const slice = fc.record({ owner: fc.nat(3), ms: fc.integer({ min: 1, max: 200 }) });
    const look = fc.record({ owner: fc.nat(3), afterMs: fc.integer({ min: 0, max: 120 }) });
    fc.assert(
      fc.property(
        processes,
        fc.integer({ min: 20, max: 5_000 }),
        fc.array(slice, { minLength: 5, maxLength: 40 }),
        fc.array(look, { minLength: 20, maxLength: 120 }),
        (count, perSecond, granted, looks) => {
          const all = Array.from({ length: count }, createSlices);
          const gapMs = SECOND_MS / perSecond;
          let fromMs = 0;
          for (const { owner, ms } of granted) {
            const permits = Math.max(1, Math.floor(ms / gapMs));
            all[owner % count]?.add({ fromMs, gapMs, count: permits }, perSecond);
            fromMs += permits * gapMs;
          }
          const sent: { atMs: number; devices: number }[] = [];
          let nowMs = 0;
          for (const { owner, afterMs } of looks) {
            nowMs += afterMs;
            sent.push({ atMs: nowMs, devices: all[owner % count]?.take(nowMs, 10_000) ?? 0 });
          }
          const bucket = Math.max(1, (perSecond * BUCKET_MS) / SECOND_MS);
          const spare = count * Math.floor(perSecond * SPARE_SHARE);
          for (const { atMs: start } of sent) {
            const inWindow = sent.filter(({ atMs }) => atMs >= start && atMs < start + SECOND_MS);
            const devices = inWindow.reduce((sum, each) => sum + each.devices, 0);
            // One permit at each end.
            expect(devices).to.be.at.most(perSecond + bucket + spare + 2);
          }
        },
      ),
    );
  });
});
