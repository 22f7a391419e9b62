/** Sends one message to some targets and gathers the outcomes as they come in, so that a few slow ones hold up nobody. */
import type { Adapter, Message, Outcome } from '../adapters/adapter.js';
import { isLate, LATE } from '../adapters/late.js';
import { abortAt } from './abort-at.js';
import type { Permits } from './pacing/permits.js';
import type { SendTarget } from './targets.js';

export interface Sending {
  /** Outcomes by the index in the batch, as far as they are known. */
  readonly outcomes: ReadonlyMap<number, Outcome>;
  /** How many were given to the adapter so far. */
  readonly begun: number;
  /** Resolves when every target has its outcome; never rejects. */
  readonly all: Promise<void>;
}

export type Group =
  | {
      readonly message: Message;
      readonly targets: readonly SendTarget[];
      readonly refused?: never;
    }
  | {
      /** There is no message for them, because of what they are: nothing is sent. */
      readonly refused: Outcome;
      readonly targets: readonly SendTarget[];
      readonly message?: never;
    };

type Composed = Extract<Group, { readonly message: Message }>;

/** Its turn had not come when everything was stopped. */
const UNSENT: Outcome = { kind: 'try-later', reason: 'aborted', cause: 'vendor' };

/** The connection did not open, or the credential did not come, while what was read of the device was good. */
const NOT_READY: Outcome = { kind: 'try-later', reason: 'connect', cause: 'vendor' };

const BROKEN: Outcome = {
  kind: 'try-later',
  reason: 'adapter-broken',
  cause: 'vendor',
  mayHaveArrived: true,
};

export interface SendOptions {
  readonly signal: AbortSignal;
  /** Told of every outcome at once. */
  readonly heard: (outcome: Outcome) => void;
  /** Absent: all may be sent at once. */
  readonly permits?: () => Permits;
}

export const startSending = (
  adapter: Pick<Adapter, 'send' | 'ready'>,
  groups: readonly Group[],
  { signal, heard, permits }: SendOptions,
): Sending => {
  const outcomes = new Map<number, Outcome>();
  let begun = 0;
  /** False when it is known already. */
  const learn = (target: SendTarget | undefined, outcome: Outcome): boolean => {
    if (target == null || outcomes.has(target.index)) return false;
    outcomes.set(target.index, outcome);
    heard(outcome);
    return true;
  };
  const sendTogether = async ({ message, targets }: Composed): Promise<void> => {
    begun += targets.length;
    let known = 0;
    try {
      const answers = await adapter.send(message, targets, signal, (index, outcome) => {
        if (learn(targets[index], outcome)) known += 1;
      });
      // An adapter may tell everything at its end.
      if (known < targets.length) {
        answers.forEach((outcome, index) => {
          learn(targets[index], outcome);
        });
      }
    } catch {
      // An adapter that rejects is a bug; its devices may have been reached, and none may be lost.
    }
    if (known < targets.length) for (const target of targets) learn(target, BROKEN);
  };
  const learnAll = (targets: readonly SendTarget[], outcome: Outcome): void => {
    for (const target of targets) learn(target, signal.aborted ? UNSENT : outcome);
  };
  const sendAsPermitted = async (
    { message, targets }: Composed,
    permit: Permits,
    inTime: AbortSignal,
  ): Promise<void> => {
    const onTheirWay: Promise<void>[] = [];
    for (let next = 0; next < targets.length; ) {
      const some = isLate(message) ? 0 : await permit(targets.length - next, inTime);
      if (some === 0) {
        learnAll(targets.slice(next), LATE);
        break;
      }
      onTheirWay.push(sendTogether({ message, targets: targets.slice(next, next + some) }));
      next += some;
    }
    await Promise.all(onTheirWay);
  };
  const sendPaced = async (group: Composed, permit: Permits): Promise<void> => {
    // Whoever waits longer is read again: a permit would be lost on them.
    const inTime = abortAt(group.message.sendBefore, signal);
    try {
      // Permits are not spent on a connection that opens: what waits for it leaves all at once.
      const ready = Promise.resolve(adapter.ready?.()).then(() => true);
      const isReady = await Promise.race([ready, inTime.aborted.then(() => false)]);
      if (isReady) await sendAsPermitted(group, permit, inTime.signal);
      else learnAll(group.targets, NOT_READY);
    } catch {
      // An adapter, or whoever gives permits, that rejects is a bug; none may be lost.
      learnAll(group.targets, BROKEN);
    } finally {
      inTime.release();
    }
  };
  const refuse = (targets: readonly SendTarget[], outcome: Outcome): void => {
    begun += targets.length;
    for (const target of targets) learn(target, outcome);
  };
  const sendGroup = async (group: Group): Promise<void> => {
    if (group.refused != null) refuse(group.targets, group.refused);
    else if (permits == null) await sendTogether(group);
    else await sendPaced(group, permits());
  };
  const all = Promise.all(groups.map(sendGroup)).then(() => undefined);
  return {
    outcomes,
    all,
    get begun() {
      return begun;
    },
  };
};
