/**
 * Keeps one sick vendor profile from taking a whole lane of this process: counts what each profile holds of it, and says whose
 * batches are not to be claimed now. One profile alone may take what a lane is meant to send; the lane has a place more.
 */

export interface BulkheadLimits {
  /** What one profile may hold: devices of its batches together, and batches. */
  readonly devices: number;
  readonly batches: number;
  /** The largest batch; it is a place of its own. */
  readonly largest: number;
  /** Devices that are waited for outside the places of the lane, of all slow profiles together. */
  readonly unanswered: number;
}

export interface Bulkhead {
  /** Profiles of which nothing more may be claimed now. */
  full(): string[];
  enter(profile: string, devices: number): void;
  leave(profile: string, devices: number): void;
  /** Of the pushes of a batch, so many had no answer after a moment. */
  heard(profile: string, pushes: number, unanswered: number): void;
  /** They are waited for outside of the batch's place. `done` must not reject. */
  follow(profile: string, devices: number, done: Promise<void>): void;
}

interface Held {
  readonly devices: number;
  readonly batches: number;
  readonly unanswered: number;
  /** Most of its last batch had no answer after a moment. */
  readonly isSlow: boolean;
}

const NOTHING: Held = { devices: 0, batches: 0, unanswered: 0, isSlow: false };
/** Of the lane, what all slow profiles together leave to those that answer, and of the unanswered, what one of them may have. */
const HALF = 0.5;

/** `freed` hears that a profile which was full is not any more. */
export const createBulkhead = (limits: BulkheadLimits, freed: () => void): Bulkhead => {
  const profiles = new Map<string, Held>();
  const place = limits.largest / limits.devices;
  const shareOf = ({ devices, batches }: Held): number =>
    Math.max(devices / limits.devices, batches / limits.batches);
  const hasRoom = ({ devices, batches }: Pick<Held, 'devices' | 'batches'>): boolean =>
    batches < limits.batches && devices + limits.largest <= limits.devices;

  /** Asked for with every push of a lane where mostly nobody is full: then sums are enough to say so. */
  const total = { devices: 0, batches: 0, slow: 0 };
  const count = ({ devices, batches, isSlow }: Held, sign: 1 | -1): void => {
    total.devices += sign * devices;
    total.batches += sign * batches;
    total.slow += isSlow ? sign : 0;
  };

  const full = (): string[] => {
    if (total.slow === 0 && hasRoom(total)) return [];
    const slow = [...profiles.values()].filter(({ isSlow }) => isSlow);
    const share = slow.reduce((sum, held) => sum + shareOf(held), 0);
    const unanswered = slow.reduce((sum, held) => sum + held.unanswered, 0);
    // Behind vendors that are slow for everybody, a whole campaign would be claimed into memory.
    const slowMayEnter = share < HALF && unanswered < limits.unanswered;
    const slowHasRoom = (held: Held): boolean =>
      slowMayEnter && shareOf(held) < place && held.unanswered < limits.unanswered * HALF;
    return [...profiles].flatMap(([profile, held]) =>
      hasRoom(held) && (!held.isSlow || slowHasRoom(held)) ? [] : [profile],
    );
  };

  const change = (profile: string, update: (held: Held) => Partial<Held>): void => {
    const before = full();
    const held = profiles.get(profile) ?? NOTHING;
    const next = { ...held, ...update(held) };
    count(held, -1);
    // Nobody is slow for ever: what is neither held nor waited for is forgotten.
    if (next.batches + next.unanswered === 0) profiles.delete(profile);
    else {
      profiles.set(profile, next);
      count(next, 1);
    }
    if (before.length === 0) return;
    const after = new Set(full());
    if (before.some((each) => !after.has(each))) freed();
  };

  return {
    full,
    enter: (profile, size) =>
      change(profile, ({ devices, batches }) => ({
        devices: devices + size,
        batches: batches + 1,
      })),
    leave: (profile, size) =>
      change(profile, ({ devices, batches }) => ({
        devices: devices - size,
        batches: batches - 1,
      })),
    heard: (profile, pushes, unanswered) =>
      change(profile, () => ({ isSlow: unanswered > pushes * HALF })),
    follow(profile, devices, done) {
      change(profile, ({ unanswered }) => ({ unanswered: unanswered + devices }));
      void done.then(() =>
        change(profile, ({ unanswered }) => ({ unanswered: unanswered - devices })),
      );
    },
  };
};
