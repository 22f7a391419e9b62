/** Runs what is claimed in parallel: few large pieces or many small ones, and a wake-up finds a free slot at once. */

export interface SlotWork<Piece> {
  /** The next piece, or null when there is none. A rejection ends the slot and is told to `failed`. */
  claim(): Promise<Piece | null>;
  /** At most `largest`. */
  sizeOf(piece: Piece): number;
  run(piece: Piece): Promise<void>;
  failed(error: unknown): void;
}

export interface SlotLimits {
  /** Sizes of all running pieces together. */
  readonly capacity: number;
  /** A slot sets so much aside before it knows what it claims. */
  readonly largest: number;
  readonly slots: number;
}

export interface Slots {
  /** Looks for work now; somebody looks again after every wake. Never rejects. */
  wake(): void;
  /** Claims nothing more. */
  stop(): void;
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
  readonly running: boolean;
}

export const createSlots = <Piece>(limits: SlotLimits, work: SlotWork<Piece>): Slots => {
  const active = new Set<Promise<void>>();
  let inUse = 0;
  let wanted = false;
  let stopping = false;

  const hasRoom = (): boolean =>
    !stopping && active.size < limits.slots && inUse + limits.largest <= limits.capacity;

  /** One piece; false when there was none. */
  const runNext = async (): Promise<boolean> => {
    let reserved = limits.largest;
    inUse += reserved;
    try {
      wanted = false;
      const piece = await work.claim();
      if (piece == null) return false;
      const size = work.sizeOf(piece);
      inUse -= reserved - size;
      reserved = size;
      // Where one piece was, there may be more.
      open();
      await work.run(piece);
      return true;
    } finally {
      inUse -= reserved;
    }
  };

  const slot = async (): Promise<void> => {
    try {
      // Woken while it looked, it may have looked too early.
      while (!stopping && ((await runNext()) || wanted));
    } catch (error) {
      work.failed(error);
    }
  };

  const open = (): void => {
    if (!hasRoom()) return;
    const running = slot().finally(() => {
      active.delete(running);
    });
    active.add(running);
  };

  return {
    wake() {
      wanted = true;
      open();
    },
    stop() {
      stopping = true;
    },
    async idle() {
      while (active.size > 0) await Promise.all(active);
    },
    get running() {
      return active.size > 0;
    },
  };
};
