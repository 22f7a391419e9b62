/** Runs what is claimed in parallel: few large pieces or many small ones, and a wake-up finds a free slot at once. */

export interface SlotWork<Piece> {
  /** Whenever a piece has ended. */
  readonly freed?: () => void;
  /** The next piece, or null when there is none. A rejection is told to `failed`; the next wake looks again. */
  claim(): Promise<Piece | null>;
  /** At most `largest`. */
  sizeOf(piece: Piece): number;
  run(piece: Piece): Promise<void>;
  failed(error: unknown): void;
}

export interface SlotLimits {
  /** Sizes of all running pieces together. */
  readonly capacity: number;
  /** So much must be free before a piece of unknown size is claimed. */
  readonly largest: number;
  readonly slots: number;
}

/** Room that is kept for a piece that somebody already holds. */
export interface Place {
  /** Never rejects. */
  fill(work: () => Promise<void>): void;
  giveBack(): void;
}

export interface Slots {
  /** For a piece of unknown size. */
  readonly hasRoom: boolean;
  /** Room for a piece of this size, or null when there is none. */
  take(size: number): Place | null;
  /** Counts a piece that runs already, whether there is room or not. */
  count(size: number): Pick<Place, 'giveBack'>;
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
  let looking: Promise<void> | undefined;
  let inUse = 0;
  let wanted = false;
  let stopping = false;

  const hasRoom = (): boolean =>
    !stopping && active.size < limits.slots && inUse + limits.largest <= limits.capacity;

  const occupy = (size: number, done: Promise<void>): void => {
    inUse += size;
    const running = done
      .catch((error: unknown) => {
        work.failed(error);
      })
      .finally(() => {
        active.delete(running);
        inUse -= size;
        if (wanted) look();
        work.freed?.();
      });
    active.add(running);
  };

  const start = (piece: Piece): void => occupy(work.sizeOf(piece), work.run(piece));

  /** One claim at a time: many would fight for the same oldest piece. */
  const claimAll = async (): Promise<void> => {
    try {
      while (wanted && hasRoom()) {
        // Woken while it looks, it may have looked too early: `wanted` is set again by then.
        wanted = false;
        const piece = await work.claim();
        if (piece == null) continue;
        // Where one piece was, there may be more; without room for it, the next one to end looks.
        wanted = true;
        start(piece);
      }
    } catch (error) {
      work.failed(error);
    }
  };

  const look = (): void => {
    looking ??= claimAll().finally(() => {
      looking = undefined;
      // Woken after the last look and before this line.
      if (wanted && hasRoom()) look();
    });
  };

  const place = (size: number): Place => {
    let settle: (done: Promise<void> | undefined) => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      settle = resolve;
    });
    occupy(size, done);
    return { fill: (run) => settle(run()), giveBack: () => settle(undefined) };
  };

  return {
    get hasRoom() {
      return hasRoom();
    },
    take: (size) => (hasRoom() ? place(size) : null),
    count: place,
    wake() {
      wanted = true;
      look();
    },
    stop() {
      stopping = true;
    },
    async idle() {
      while (looking != null || active.size > 0) await Promise.all([looking, ...active]);
    },
    get running() {
      return looking != null || active.size > 0;
    },
  };
};
