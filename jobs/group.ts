/** Does in one go what is asked for at about the same time: one request to the database serves many callers. */

export interface GroupOptions<Item, Result> {
  /** The results of all items, in their order. When it rejects, each item is done again alone. */
  together(items: readonly Item[]): Promise<readonly Result[]>;
  /** For an item without company, or whose group failed. */
  alone(item: Item): Promise<Result>;
  /** Items in one go. */
  readonly most: number;
  /** Goes at a time; what comes meanwhile waits for the next one, so that groups grow with the load. */
  readonly atOnce: number;
  /** How long the first waits for company, in milliseconds; absent: no longer than a turn of the event loop. */
  readonly gatherMs?: number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result | PromiseLike<Result>) => void;
  readonly reject: (error: unknown) => void;
}

/** A function that does one item, together with others. Without any others it costs a turn of the event loop. */
export const createGroup = <Item, Result>(
  options: GroupOptions<Item, Result>,
): ((item: Item) => Promise<Result>) => {
  let waiting: Waiting<Item, Result>[] = [];
  let running = 0;
  let planned: { readonly atOnce: boolean; cancel(): void } | undefined;

  const doAlone = async ({ item, resolve, reject }: Waiting<Item, Result>): Promise<void> => {
    try {
      resolve(await options.alone(item));
    } catch (error) {
      reject(error);
    }
  };

  const doTogether = async (some: readonly Waiting<Item, Result>[]): Promise<void> => {
    try {
      const results = await options.together(some.map(({ item }) => item));
      if (results.length !== some.length) throw new Error('A group has not answered each item');
      some.forEach(({ resolve }, index) => {
        resolve(results[index] as Result);
      });
    } catch {
      // One of them spoils it for all: each alone, and only that one fails.
      await Promise.all(some.map(doAlone));
    }
  };

  const go = async (): Promise<void> => {
    planned = undefined;
    const some = waiting.slice(0, options.most);
    waiting = waiting.slice(options.most);
    running += 1;
    const [first] = some;
    if (some.length === 1 && first != null) await doAlone(first);
    else await doTogether(some);
    running -= 1;
    plan();
  };

  const plan = (): void => {
    if (running >= options.atOnce || waiting.length === 0) return;
    const { gatherMs, most } = options;
    const isAtOnce = gatherMs == null || waiting.length >= most;
    if (planned != null && (planned.atOnce || !isAtOnce)) return;
    planned?.cancel();
    if (isAtOnce) {
      // Whoever asks in the same turn of the event loop comes along.
      const turn = setImmediate(() => void go());
      planned = { atOnce: true, cancel: () => clearImmediate(turn) };
    } else {
      const timer = setTimeout(() => void go(), gatherMs);
      planned = { atOnce: false, cancel: () => clearTimeout(timer) };
    }
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      plan();
    });
};
