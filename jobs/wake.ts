/** Coalesces wake-ups: however often it is woken while it runs, the work runs once more afterwards. */

export interface Drain {
  /** Starts the work, or has it run once more. Never rejects. */
  wake(): void;
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
  readonly running: boolean;
}

/** `work` looks for everything there is to do; its failure is told to `failed`, and the next wake tries again. */
export const createDrain = (work: () => Promise<void>, failed: (error: unknown) => void): Drain => {
  let running: Promise<void> | null = null;
  let again = false;

  const run = async (): Promise<void> => {
    do {
      again = false;
      try {
        await work();
      } catch (error) {
        failed(error);
      }
    } while (again);
    running = null;
  };

  return {
    wake() {
      again = true;
      running ??= run();
    },
    async idle() {
      while (running != null) await running;
    },
    get running() {
      return running != null;
    },
  };
};
