/** Which lanes have room for batches that have waited for their pace, and who is told when there is more. */
import type { Batch } from '../../models/batch.js';
import type { Closed } from '../../models/parked.js';
import { LANES, type Lane } from '../../models/task.js';
import { isTaskKey, profileKeyOf } from './paces.js';

/** A lane, as whoever fetches batches for it sees it. */
export interface FetchingLane {
  /** What there is no room for at present: everything, or the batches of these profiles. */
  closed(): 'all' | Closed['profiles'];
  /** Sends a batch that was claimed; `admitted` is called when it knows how much of it goes now. */
  send(batch: Batch, admitted: () => void): Promise<void>;
}

export interface Room {
  readonly hasLanes: boolean;
  add(lane: Lane, fetching: FetchingLane): void;
  lane(lane: Lane): FetchingLane | undefined;
  /** What must not be fetched now of the batches that wait for this key; who asks is woken when that changes. */
  closedFor(key: string, wake: () => void): Closed[];
  /** A batch has ended. */
  again(): void;
}

export const createRoom = (): Room => {
  const lanes = new Map<Lane, FetchingLane>();
  /** By key, what was closed when somebody came for its batches. */
  const heldUp = new Map<string, { readonly closed: string; readonly wake: () => void }>();

  const closedFor = (key: string): Closed[] =>
    [...lanes].flatMap(([lane, fetching]): Closed[] => {
      const closed = fetching.closed() ?? [];
      if (closed === 'all') return [{ lane }];
      // Which lanes a batch waits for is in the index; which profile it has is not.
      if (!isTaskKey(key)) return closed.some((of) => profileKeyOf(of) === key) ? [{ lane }] : [];
      return closed.length === 0 ? [] : [{ lane, profiles: closed }];
    });

  return {
    get hasLanes() {
      return lanes.size > 0;
    },
    add: (lane, fetching) => void lanes.set(lane, fetching),
    lane: (lane) => lanes.get(lane),
    closedFor(key, wake) {
      const closed = closedFor(key);
      if (closed.length === 0) heldUp.delete(key);
      else heldUp.set(key, { closed: JSON.stringify(closed), wake });
      // Lanes that other processes serve are closed for good: nobody needs to be woken for them.
      const strange = LANES.filter((lane) => !lanes.has(lane)).map((lane) => ({ lane }));
      return [...strange, ...closed];
    },
    again() {
      // Batches end all the time: to look for what is still closed would be in vain.
      for (const [key, { closed, wake }] of heldUp) {
        if (JSON.stringify(closedFor(key)) === closed) continue;
        heldUp.delete(key);
        wake();
      }
    },
  };
};
