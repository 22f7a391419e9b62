/** Calls workers of other processes: at once for work that this one does not do, and for help when its own has lasted a while. */
import { LANES, type Lane } from '../models/task.js';
import type { Lanes } from './lanes.js';
import type { JobParts } from './parts.js';

const CALL_AFTER_MS = 10;
const HELP_CALL_AFTER_MS = 1_000;
/** Each process takes one slot of a lane, so several share it. */
const SLOTS = 4;

export const planJob = (lane: Lane): string => `plan ${lane}`;
export const dispatchJob = (lane: Lane): string => `dispatch ${lane}`;

export interface Calls {
  /** There is work in these lanes. */
  call(lanes: readonly Lane[]): void;
  stop(): void;
}

/** Whatever asks for it until it is done is done with it. */
const coalesced = (work: () => void, afterMs: number) => {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  return {
    ask(): void {
      if (stopped) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        work();
      }, afterMs);
    },
    stop(): void {
      stopped = true;
      clearTimeout(timer);
    },
  };
};

/** `save` leaves a job for whoever takes it. */
export const createCalls = (
  { lanes: own, log }: Pick<JobParts, 'lanes' | 'log'>,
  { busy }: Pick<Lanes, 'busy'>,
  save: (name: string, slot: number) => Promise<void>,
): Calls => {
  /** The second one waits behind the first, and looks once more: what came at the first one's end would be left to the sweep. */
  const planner = (lane: Lane): Promise<void>[] => [0, 1].map((slot) => save(planJob(lane), slot));
  const senders = (lane: Lane): Promise<void>[] =>
    Array.from({ length: SLOTS }, (_, slot) => save(dispatchJob(lane), slot));
  const told = (saved: readonly Promise<void>[]): void => {
    Promise.all(saved).catch((error: unknown) => {
      log.warn('Other workers could not be woken; they poll', { error });
    });
  };

  const elsewhere = new Set<Lane>(LANES.filter((lane) => !own.includes(lane)));
  const called = new Set<Lane>();
  const others = coalesced(() => {
    told([...called].flatMap((lane) => [...planner(lane), ...senders(lane)]));
    called.clear();
  }, CALL_AFTER_MS);
  const help = coalesced(() => {
    told(busy().flatMap((what) => (what === 'plan' ? own.flatMap(planner) : senders(what))));
  }, HELP_CALL_AFTER_MS);

  return {
    call(lanes) {
      const strange = lanes.filter((lane) => elsewhere.has(lane));
      for (const lane of strange) called.add(lane);
      if (strange.length > 0) others.ask();
      if (lanes.length > strange.length) help.ask();
    },
    stop() {
      others.stop();
      help.stop();
    },
  };
};
