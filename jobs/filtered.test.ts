import { expect } from 'chai';
import { someIds } from '../test/support/job-context.js';
import type { AudienceSource } from './audience.js';
import type { Candidate } from './candidate.js';
import { filtered } from './filtered.js';

const ALL: readonly Candidate[] = someIds(20_000).map((id) => ({ id }));
const placeOf = new Map(ALL.map(({ id }, index) => [id.toHexString(), index]));

/** What is kept, in stretches of so many, and how many candidates were read for it. */
const readAll = async (limit: number, keeps: (index: number) => boolean) => {
  let read = 0;
  const source: AudienceSource = {
    unmatched: 0,
    async next(after, wanted) {
      const start = after == null ? 0 : (placeOf.get(after.toHexString()) ?? 0) + 1;
      const page = ALL.slice(start, start + wanted);
      read += page.length;
      return page;
    },
  };
  const some = filtered(source, ({ id }) => keeps(placeOf.get(id.toHexString()) ?? -1));
  const kept: Candidate[] = [];
  for (let more = true; more; ) {
    const stretch = await some.next(kept.at(-1)?.id, limit);
    kept.push(...stretch);
    more = stretch.length === limit;
  }
  return { kept, read };
};

describe('an audience of which some are dropped', () => {
  for (const [what, limit, keeps] of [
    ['few', 5_000, (index: number) => index % 10 === 0],
    ['most', 5_000, (index: number) => index % 100 < 95],
    ['nobody', 5_000, () => true],
    ['all', 5_000, () => false],
    ['most, in short stretches', 1_000, (index: number) => index % 10 !== 0],
  ] as const) {
    it(`has everybody else once, in their order: ${what}`, async () => {
      const { kept } = await readAll(limit, keeps);
      expect(kept).to.deep.equal(ALL.filter((_, index) => keeps(index)));
    });
  }

  it('reads hardly anybody twice', async () => {
    for (const dropped of [0.5, 0.1, 0.01]) {
      const { read } = await readAll(5_000, (index) => index % 100 >= 100 * dropped);
      expect(read, `${dropped} dropped`).to.be.below(1.15 * ALL.length);
    }
  });
});
