/** Sends one message to some targets and gathers the outcomes as they come in, so that a few slow ones hold up nobody. */
import type { Adapter, Message, Outcome } from '../adapters/adapter.js';
import type { SendTarget } from './targets.js';

export interface Sending {
  /** Outcomes by the index in the batch, as far as they are known. */
  readonly outcomes: ReadonlyMap<number, Outcome>;
  /** Resolves when every target has its outcome; never rejects. */
  readonly all: Promise<void>;
}

export interface Group {
  readonly message: Message;
  readonly targets: readonly SendTarget[];
}

const BROKEN: Outcome = {
  kind: 'try-later',
  reason: 'adapter-broken',
  cause: 'vendor',
  mayHaveArrived: true,
};

/** `heard` is told of every outcome at once. */
export const startSending = (
  adapter: Pick<Adapter, 'send'>,
  groups: readonly Group[],
  signal: AbortSignal,
  heard: (outcome: Outcome) => void,
): Sending => {
  const outcomes = new Map<number, Outcome>();
  const learn = (target: SendTarget | undefined, outcome: Outcome): void => {
    if (target == null || outcomes.has(target.index)) return;
    outcomes.set(target.index, outcome);
    heard(outcome);
  };
  const sendGroup = async ({ message, targets }: Group): Promise<void> => {
    try {
      const answers = await adapter.send(message, targets, signal, (index, outcome) => {
        learn(targets[index], outcome);
      });
      answers.forEach((outcome, index) => {
        learn(targets[index], outcome);
      });
    } catch {
      // An adapter that rejects is a bug; its devices may have been reached, and none may be lost.
    }
    for (const target of targets) learn(target, BROKEN);
  };
  return { outcomes, all: Promise.all(groups.map(sendGroup)).then(() => undefined) };
};
