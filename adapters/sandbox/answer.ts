/** Answers for phones that do not exist: `sandbox-<what happens>-<anything>`. */
import { setTimeout as wait } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Adapter, AdapterDeps, Message, Outcome, Target } from '../adapter.js';
import { isLate, LATE } from '../late.js';

export interface SandboxSettings {
  /** How long every push takes, in milliseconds. */
  readonly latencyMs: number;
  /** How much longer a `sandbox-slow-` token takes, in milliseconds. */
  readonly slowMs: number;
  /** Opens nothing; it shows how a secret setting is kept. */
  readonly apiKey?: string;
}

const BUSY_MS = 1000;
const REMEMBERED_BUSY = 100_000;

const busy: Outcome = { kind: 'try-later', reason: 'busy', afterMs: BUSY_MS, cause: 'device' };

/** By the word after `sandbox-`; any other word is accepted. */
const OUTCOME_BY_WORD: Readonly<Record<string, Outcome>> = {
  gone: { kind: 'token-gone', reason: 'gone' },
  suspect: { kind: 'token-gone', reason: 'suspect', ambiguous: true },
  refused: {
    kind: 'message-refused',
    reason: 'refused',
    detail: 'The token asks for a refused message',
  },
  account: {
    kind: 'account-refused',
    reason: 'account',
    detail: 'The token asks for a refused account',
  },
  busy,
  unsure: {
    kind: 'try-later',
    reason: 'unsure',
    afterMs: BUSY_MS,
    mayHaveArrived: true,
    cause: 'device',
  },
};

const wordOf = (token: string): string => token.split('-', 2)[1] ?? '';

export const sandboxAdapter = (settings: SandboxSettings, _deps: AdapterDeps): Adapter => {
  /** Who was told `busy` already: each task finds a `busy1` phone busy once. */
  const toldBusy = new LRUCache<string, true>({ max: REMEMBERED_BUSY });

  const outcomeOf = (taskId: string, token: string): Outcome => {
    const word = wordOf(token);
    const turn = `${taskId} ${token}`;
    if (word === 'busy1' && !toldBusy.has(turn)) {
      toldBusy.set(turn, true);
      return busy;
    }
    // Derived from the task and nothing else: whoever holds a message id can tell which task it was.
    return OUTCOME_BY_WORD[word] ?? { kind: 'accepted', messageId: `sandbox-${taskId}` };
  };

  const answerAll = (
    message: Message,
    targets: readonly Target[],
    signal: AbortSignal,
    onOutcome?: (index: number, outcome: Outcome) => void,
  ): Promise<Outcome[]> => {
    const answer = async (token: string, index: number): Promise<Outcome> => {
      const waitMs = settings.latencyMs + (wordOf(token) === 'slow' ? settings.slowMs : 0);
      let outcome: Outcome;
      try {
        if (signal.aborted) {
          outcome = { kind: 'try-later', reason: 'aborted', cause: 'vendor' };
        } else if (isLate(message)) {
          outcome = LATE;
        } else {
          if (waitMs > 0) await wait(waitMs, undefined, { signal });
          outcome = outcomeOf(message.taskId, token);
        }
      } catch {
        // Only an abort ends a wait early. The push was on its way by then.
        outcome = { kind: 'try-later', reason: 'aborted', cause: 'vendor', mayHaveArrived: true };
      }
      onOutcome?.(index, outcome);
      return outcome;
    };
    return Promise.all(targets.map(({ token }, index) => answer(token, index)));
  };

  return {
    send: answerAll,
    recall: ({ message }, ...rest) => answerAll(message, ...rest),
  };
};
