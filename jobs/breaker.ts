/**
 * Keeps batches away from a vendor profile whose account was refused or whose vendor answers nobody, and lets one push through
 * now and then to ask again. Processes share what they know: one of them asks, and all hear the answer.
 */
import type { Outcome } from '../adapters/adapter.js';
import type { Rest } from '../models/rest.js';
import { namesOfProfile } from '../models/vendor-profile.js';
import { type BreakerState, createBreakerView, type KnownRest } from './breaker-view.js';
import { refusalInWords, stormInWords } from './breaker-words.js';
import type { JobParts } from './parts.js';
import { createRestBook } from './rest-book.js';
import { createStorms, signOf } from './storm.js';

export const FIRST_REST_MS = 5_000;
export const LONGEST_REST_MS = 5 * 60_000;
const GROWTH = 2;

/** `probe`: one push of the batch is sent, and everybody waits for its answer. `rest`: nothing is sent. */
export type Pass = 'free' | 'probe' | 'rest';

/** What came back of the pushes of one batch; nothing, when none was sent after all. */
export interface Heard {
  readonly outcomes: readonly Outcome[];
  /** Monotonic. */
  readonly sentAtMs: number;
  /** Of the profile's settings that they were sent with. */
  readonly revision: number;
  readonly pass: Pass;
}

export interface Breaker {
  /** Whether a batch of this profile may be sent. Asks the database only when a rest is over. */
  admit(profile: string): Promise<Pass>;
  /** Acts at once in this process, and tells the others. Never rejects: `look` tries again. */
  hear(profile: string, heard: Heard): Promise<void>;
  /** The batch that was to ask was not sent: the next one may. Never rejects. */
  undecided(profile: string, pass: Pass): Promise<void>;
  /** Why this profile rests, in a word; undefined when it does not. */
  codeOf(profile: string): string | undefined;
  /** Learns what other processes know, and lets go whatever waits for a profile that is well. */
  look(): Promise<void>;
}

export interface BreakerHooks {
  /** Of every change of state. */
  readonly changed?: (profile: string, state: BreakerState) => void;
  /** Batches are due that were not. */
  readonly due?: () => void;
}

type Diagnosis = Pick<Rest, 'cause' | 'code' | 'reason'>;

const refusalIn = (outcomes: readonly Outcome[]): Diagnosis | null => {
  for (const outcome of outcomes) {
    if (outcome.kind !== 'account-refused') continue;
    return { cause: outcome.kind, code: outcome.reason, reason: refusalInWords(outcome) };
  }
  return null;
};

export const createBreaker = (
  parts: Pick<JobParts, 'db' | 'now' | 'monotonic' | 'log'>,
  { changed, due = () => undefined }: BreakerHooks = {},
): Breaker => {
  const view = createBreakerView(parts.monotonic, changed);
  const book = createRestBook(parts, view, due);
  const storms = createStorms(parts.monotonic);

  /** Fields of a rest that begins now and ends in so many milliseconds. */
  const lasting = (restMs: number) => ({
    restMs,
    nextProbeAt: new Date(parts.now() + restMs),
    probing: false,
  });

  const diagnose = (profile: string, { outcomes, sentAtMs }: Heard): Diagnosis | null => {
    const refusal = refusalIn(outcomes);
    if (refusal != null) return refusal;
    const storm = storms.hear(profile, outcomes, sentAtMs);
    if (storm == null) return null;
    return { cause: 'vendor-trouble', code: storm.code, reason: stormInWords(storm) };
  };

  const open = (profile: string, diagnosis: Diagnosis, revision: number): Promise<void> => {
    storms.forget(profile);
    return book.begin({
      _id: profile,
      app: namesOfProfile(profile).app,
      ...diagnosis,
      since: new Date(parts.now()),
      ...lasting(FIRST_REST_MS),
      revision,
    });
  };

  /** The probe was answered, or not. */
  const judge = async (rest: KnownRest, outcomes: readonly Outcome[]): Promise<void> => {
    const signs = new Set(outcomes.map(signOf));
    if (signs.has('answered')) return book.end(rest);
    if (!signs.has('refused') && !signs.has('unanswered')) {
      await book.change(rest, lasting(0));
      return;
    }
    // An account that was refused stays refused until somebody says otherwise; silence does not.
    const news = refusalIn(outcomes) ?? {};
    await book.change(rest, {
      ...news,
      // It is nothing after a probe that was not decided.
      ...lasting(Math.min(Math.max(rest.restMs * GROWTH, FIRST_REST_MS), LONGEST_REST_MS)),
    });
  };

  const safely = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      parts.log.warn('What is known of a vendor profile could not be shared yet', { error });
    }
  };

  return {
    async admit(profile) {
      const rest = view.get(profile);
      if (rest == null) return 'free';
      if (view.isWaiting(profile)) return 'rest';
      if (await book.change(rest, { probing: true })) return 'probe';
      return view.get(profile) == null ? 'free' : 'rest';
    },
    hear: (profile, heard) =>
      safely(async () => {
        const rest = view.get(profile);
        if (heard.pass === 'probe') {
          if (rest != null) await judge(rest, heard.outcomes);
          return;
        }
        // What was on its way when it opened neither lengthens the rest nor ends it.
        if (rest != null) return;
        const diagnosis = diagnose(profile, heard);
        if (diagnosis != null) await open(profile, diagnosis, heard.revision);
      }),
    undecided: (profile, pass) =>
      safely(async () => {
        const rest = view.get(profile);
        if (pass === 'probe' && rest?.probing) await judge(rest, []);
      }),
    codeOf: (profile) => view.get(profile)?.code,
    look: () => book.look(),
  };
};
