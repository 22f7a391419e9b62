/** An audience without those of its candidates that a test drops. */
import type { AudienceSource } from './audience.js';
import type { Candidate } from './candidate.js';

/** Read at a time. */
const MOST = 5_000;
const LEAST = 500;

/** Of a sample, too. */
const sampledOf = (
  sampled: AudienceSource['sampled'],
  keeps: (candidate: Candidate) => boolean,
): Pick<AudienceSource, 'sampled'> =>
  sampled == null
    ? {}
    : {
        async sampled(size) {
          const { candidates, ...numbers } = await sampled(size);
          return { ...numbers, candidates: candidates.filter(keeps) };
        },
      };

export const filtered = (
  source: AudienceSource,
  keeps: (candidate: Candidate) => boolean,
): AudienceSource => ({
  ...source,
  ...sampledOf(source.sampled, keeps),
  async next(after, limit) {
    const kept: Candidate[] = [];
    let read = 0;
    for (let place = after; ; ) {
      // As many as it takes, going by how many were kept so far; at first nobody knows.
      const wanted = Math.ceil(((limit - kept.length) * read) / kept.length) || MOST;
      const page = Math.max(LEAST, Math.min(MOST, wanted));
      const some = await source.next(place, page);
      read += some.length;
      kept.push(...some.filter(keeps));
      // Those beyond the limit are read again: the next page begins behind the last one that is given.
      if (some.length < page || kept.length >= limit) return kept.slice(0, limit);
      place = some.at(-1)?.id;
    }
  },
});
