/** The shape of a vendor's table of answers, and the answers that every vendor can give. */
import { type Decision, type Ending, htmlReply, type Push, type Reply } from './exchange.js';

/** What a token is answered. The vendor's own tables add what only it knows. */
export interface Answer {
  /** Two decimal digits: how a token carries its answer. Never reuse one. */
  readonly code: string;
  /** For the table in the README. */
  readonly meaning: string;
  /** Absent: accepted, once `times` is used up and `delayed` has passed. */
  readonly reply?: (context: AnswerContext) => Reply;
  /** Answered so this many times for a token, accepted after. */
  readonly times?: number;
  /** The device gets it all the same. */
  readonly delivered?: true;
  /** Waits for the simulator's `slowMs` first. */
  readonly delayed?: true;
  readonly ending?: 'silent' | 'reset' | 'cut';
}

export interface AnswerContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly retryAfterSeconds: number;
}

export type Behaviour =
  | 'busy'
  | 'busy-once'
  | 'busy-twice'
  | 'unavailable'
  | 'unavailable-delivered'
  | 'slow'
  | 'silent'
  | 'html-502'
  | 'reset'
  | 'cut';

/** HTTP/2 error code INTERNAL_ERROR. */
export const INTERNAL_ERROR = 2;

/** Codes from 80 on, so that a vendor's own rows have 01 to 79. */
export const behaviours = (
  unavailable: (retryAfterSeconds?: number) => Reply,
): Record<Behaviour, Answer> => {
  const busy = ({ retryAfterSeconds }: AnswerContext): Reply => unavailable(retryAfterSeconds);
  return {
    busy: { code: '80', meaning: '503 with Retry-After, every time', reply: busy },
    'busy-once': {
      code: '81',
      meaning: '503 with Retry-After the first time, then accepted',
      reply: busy,
      times: 1,
    },
    'busy-twice': {
      code: '82',
      meaning: '503 with Retry-After the first two times, then accepted',
      reply: busy,
      times: 2,
    },
    unavailable: {
      code: '83',
      meaning: '503 without Retry-After, every time',
      reply: () => unavailable(),
    },
    'unavailable-delivered': {
      code: '84',
      meaning: '503 with Retry-After, yet the device gets it, every time',
      reply: busy,
      delivered: true,
    },
    slow: { code: '85', meaning: 'Accepted, after the option `slowMs`', delayed: true },
    silent: { code: '86', meaning: 'No answer, ever', ending: 'silent' },
    'html-502': {
      code: '87',
      meaning: '502 with a page of HTML',
      reply: () => htmlReply(502, 'Server Error'),
    },
    reset: {
      code: '88',
      meaning: 'RST_STREAM INTERNAL_ERROR instead of an answer',
      ending: 'reset',
    },
    cut: { code: '89', meaning: 'The connection is cut instead of an answer', ending: 'cut' },
  };
};

/** Counts how often a token was answered so already; forgets on reset. */
export class Turns {
  readonly #taken = new Map<string, number>();

  /** Whether the answer still stands for this token; counts the turn. */
  stands(token: string, answer: Answer): boolean {
    if (answer.times == null) return true;
    const taken = this.#taken.get(token) ?? 0;
    if (taken >= answer.times) return false;
    this.#taken.set(token, taken + 1);
    return true;
  }

  clear(): void {
    this.#taken.clear();
  }
}

export interface AnswerParts {
  readonly name: string;
  readonly answer: Answer | undefined;
  readonly context: AnswerContext;
  readonly slowMs: number;
  /** What the vendor says when it accepts. */
  readonly yes: Reply;
  readonly recipients: readonly Omit<Push, 'answer' | 'accepted' | 'delivered'>[];
}

/** Turns a row of a table into what happens to a whole request. */
export const decideByAnswer = (parts: AnswerParts): Decision => {
  const { name, answer, context, recipients } = parts;
  const accepted = answer == null || (answer.reply == null && answer.ending == null);
  const delivered = accepted || answer.delivered === true;
  return {
    ending: endingOf(parts),
    pushes: recipients.map(({ token, shows, clears, id }) => ({
      token,
      answer: answer == null ? ACCEPTED : name,
      accepted,
      delivered,
      ...(shows == null ? {} : { shows }),
      ...(clears == null ? {} : { clears }),
      ...(id == null || !accepted ? {} : { id }),
    })),
  };

  function endingOf({ yes, slowMs }: AnswerParts): Ending {
    if (answer?.ending === 'reset') return { kind: 'reset', code: INTERNAL_ERROR };
    if (answer?.ending != null) return { kind: answer.ending };
    return {
      kind: 'reply',
      reply: answer?.reply?.(context) ?? yes,
      ...(answer?.delayed ? { delayMs: slowMs } : {}),
    };
  }
};

/** The answer of a token that carries none. */
export const ACCEPTED = 'accepted';

/** A rule refused the request: nobody got it. */
export const refusal = (tokens: readonly string[], rule: string, reply: Reply): Decision => ({
  ending: { kind: 'reply', reply },
  pushes: tokens.map((token) => ({ token, answer: rule, accepted: false, delivered: false })),
});
