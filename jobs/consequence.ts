/** The one place that decides what an outcome costs: an end, another try, a token. */
import type { Outcome } from '../adapters/adapter.js';
import type { DeliveryState } from '../models/batch.js';
import type { IfUnsure } from '../models/task.js';

/** What is known of a device when its outcome comes in. */
export interface Situation {
  readonly ifUnsure: IfUnsure;
  /** An earlier try may have arrived. */
  readonly maybe: boolean;
}

export type TokenEffect = {
  readonly kind: 'gone';
  readonly reason: string;
  readonly since?: Date;
  readonly ambiguous: boolean;
};

export type Consequence =
  | {
      readonly kind: 'end';
      readonly state: DeliveryState;
      readonly reason?: string;
      readonly messageId?: string;
      readonly token?: TokenEffect;
    }
  | {
      readonly kind: 'again';
      readonly reason: string;
      readonly afterMs: number;
      /** Only trouble of the device counts as an attempt. */
      readonly countsAsAttempt: boolean;
      /** Nothing is wrong: it goes on at once, and the next wait is no longer for it. */
      readonly atOnce?: true;
      readonly maybe: boolean;
      /** The account is at fault: everybody on this profile waits. */
      readonly opensBreaker: boolean;
    };

/** A device that may have got the push ends `accepted` or `unknown`, never in a state that denies it. */
export const endOf = (
  state: DeliveryState,
  reason: string | undefined,
  maybe: boolean,
): Consequence => ({
  kind: 'end',
  state: maybe && state !== 'accepted' ? 'unknown' : state,
  ...(reason == null ? {} : { reason }),
});

export const consequence = (outcome: Outcome, { ifUnsure, maybe }: Situation): Consequence => {
  switch (outcome.kind) {
    case 'accepted':
      return {
        kind: 'end',
        state: 'accepted',
        ...(outcome.messageId == null ? {} : { messageId: outcome.messageId }),
      };
    case 'token-gone':
      return {
        ...endOf('failed', outcome.reason, maybe),
        token: {
          kind: 'gone',
          reason: outcome.reason,
          ambiguous: outcome.ambiguous ?? false,
          ...(outcome.since == null ? {} : { since: outcome.since }),
        },
      } as Consequence;
    case 'message-refused':
      return endOf('failed', outcome.reason, maybe);
    case 'account-refused':
      return {
        kind: 'again',
        reason: outcome.reason,
        // It is the breaker that knows when to ask again.
        afterMs: 0,
        countsAsAttempt: false,
        maybe,
        opensBreaker: true,
      };
    case 'try-later': {
      const unsure = outcome.mayHaveArrived ?? false;
      if (unsure && ifUnsure === 'leave')
        return { kind: 'end', state: 'unknown', reason: outcome.reason };
      return {
        kind: 'again',
        reason: outcome.reason,
        afterMs: outcome.afterMs ?? 0,
        countsAsAttempt: outcome.cause === 'device',
        ...(outcome.cause === 'turn' ? { atOnce: true } : {}),
        maybe: maybe || unsure,
        opensBreaker: false,
      };
    }
  }
};
