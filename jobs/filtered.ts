/** An audience without those of its candidates that a test drops. */
import type { AudienceSource } from './audience.js';
import type { Candidate } from './candidate.js';

/** Read at a time, however few are wanted: most of them may be dropped. */
const PAGE = 5_000;

export const filtered = (
  source: AudienceSource,
  keeps: (candidate: Candidate) => boolean,
): AudienceSource => ({
  ...source,
  async next(after, limit) {
    const kept: Candidate[] = [];
    for (let place = after; ; ) {
      const some = await source.next(place, PAGE);
      kept.push(...some.filter(keeps));
      // Those beyond the limit are read again: the next page begins behind the last one that is given.
      if (some.length < PAGE || kept.length >= limit) return kept.slice(0, limit);
      place = some.at(-1)?.id;
    }
  },
});
