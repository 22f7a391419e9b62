/** Asks the database for many things, a few at a time: its connections are shared with whoever keeps leases alive. */

const FEW = 4;

/** One result for each item, in their order. Rejects with the first that fails. */
export const fewAtOnce = async <Item, Result>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = [];
  // All take from the one row of what is left.
  const left = items.entries();
  const askOn = async (): Promise<void> => {
    for (const [index, item] of left) results[index] = await ask(item);
  };
  await Promise.all(Array.from({ length: FEW }, askOn));
  return results;
};
