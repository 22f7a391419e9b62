/** What became of one item of a request that has many. */
import type { Limited } from './limits.js';

export type ItemResult =
  | {
      readonly kind: 'done';
      /** That it names. */
      readonly devices: number;
      /** Of which were not already as asked for. */
      readonly changed: number;
    }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'refused'; readonly reason: Limited | 'suppressed' };

/** Items that one transaction takes: small enough to give way to others, and an account may have many devices. */
const PIECE = 100;

/** Piece after piece, in the order of the items. */
export const inPieces = async <Item, Result>(
  items: readonly Item[],
  work: (piece: readonly Item[]) => Promise<Result[]>,
): Promise<Result[]> => {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += PIECE) {
    results.push(...(await work(items.slice(start, start + PIECE))));
  }
  return results;
};
