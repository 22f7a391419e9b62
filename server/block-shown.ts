/** How entries of the suppression list look in answers: they are keyed hashes, and name nobody. */
import { purposeAt, type Suppression } from '../models/suppression.js';

export const blocksShown = (blocks: NonNullable<Suppression['blocks']>) =>
  Object.entries(blocks).map(([place, { reason, at, until, by }]) => ({
    purpose: purposeAt(place),
    reason,
    at,
    until,
    by,
  }));

export const suppressionShown = ({ _id, kind, at, blocks = {} }: Suppression) => ({
  id: Buffer.from(_id).toString('hex'),
  kind,
  erasedAt: at,
  blocks: blocksShown(blocks),
});
