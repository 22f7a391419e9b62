/** Keeps the memory of the process near what it needs. */
import { setFlagsFromString } from 'node:v8';

/** How much the old generation may grow over what was alive, before V8 collects it. Its own choice is up to 300 %. */
const GROWTH_PERCENT = 100;

/**
 * Batches on their way live for some collections of the young generation, so their garbage becomes old, and V8 lets it
 * grow by the speed at which it grows: the larger the task, the larger the process, although no more of it is alive.
 */
export const boundHeapGrowth = (): void => {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
};
