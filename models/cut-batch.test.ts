import { expect } from 'chai';
import fc from 'fast-check';
import { someBatch, someIds, someTask } from '../test/support/job-context.js';
import { ACCOUNT_KEY_BYTES, DEVICE_BYTES, isPlannedBatch, packKeys, unpack } from './batch.js';
import { cutBatch } from './cut-batch.js';

describe('cutting a batch', () => {
  const hexOf = (devices: Parameters<typeof unpack>[0], bytes: number): string[] =>
    unpack(devices, bytes).map((item) => item.toString('hex'));

  it('leaves every device, with what belongs to it, in one of the two', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(), (size, seed) => {
        const count = 1 + (seed % (size - 1));
        const ids = someIds(size);
        const keys = ids.map((_, nth) => Buffer.alloc(ACCOUNT_KEY_BYTES, nth));
        const batch = someBatch(someTask(), {
          ids,
          tokens: ids.map((_, nth) => `token ${nth}`),
          accounts: packKeys(keys),
          data: ids.map((_, nth) => (nth % 2 === 0 ? null : { nth: String(nth) })),
        });
        const { head, rest } = cutBatch(batch, count);
        expect([head.size, rest.size]).to.deep.equal([count, size - count]);
        expect([
          ...hexOf(head.devices, DEVICE_BYTES),
          ...hexOf(rest.devices, DEVICE_BYTES),
        ]).to.deep.equal(ids.map(String));
        expect([
          ...hexOf(head.accounts, ACCOUNT_KEY_BYTES),
          ...hexOf(rest.accounts, ACCOUNT_KEY_BYTES),
        ]).to.deep.equal(keys.map((key) => key.toString('hex')));
        expect([...(head.tokens ?? []), ...(rest.tokens ?? [])]).to.deep.equal(batch.tokens);
        expect([...(head.data ?? []), ...(rest.data ?? [])]).to.deep.equal(batch.data);
      }),
    );
  });

  it('keeps the lease of the head, and gives the rest to whoever comes', () => {
    const batch = someBatch(someTask(), {
      ids: someIds(3),
      state: 'claimed',
      owner: 'me',
      fence: 4,
      beat: 7,
      attempt: 3,
      maybe: true,
      first: false,
    });
    const { head, rest } = cutBatch(batch, 1);
    expect(head).to.deep.include({ _id: batch._id, owner: 'me', fence: 4, state: 'claimed' });
    expect(rest).to.deep.include({ state: 'due', fence: 0, beat: 0 });
    expect(rest).not.to.have.property('owner');
    expect(isPlannedBatch(head._id.toString('hex'))).to.equal(true);
    expect(isPlannedBatch(rest._id.toString('hex'))).to.equal(false);
    for (const one of [head, rest]) {
      expect(one).to.deep.include({ attempt: 3, maybe: true, first: false });
    }
  });
});
