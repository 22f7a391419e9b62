/** Lets so many run at a time, the others in the order in which they came. */
export const atMost = (most: number) => {
  const waiting: (() => void)[] = [];
  let free = most;
  return async (work: () => Promise<void>): Promise<void> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    await work().finally(() => {
      const next = waiting.shift();
      if (next == null) free += 1;
      else next();
    });
  };
};
