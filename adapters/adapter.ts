/** The contract between the gateway and a vendor: what an adapter is given, and the five things it may answer. */
import type { ObjectSchema, StringSchema } from 'joi';
import type { Transport } from '../transport/transport.js';

/**
 * One message, ready for one vendor: localized, personalised, with every default resolved.
 * All the targets of one `send` get the same message.
 */
export interface Message {
  /** The task's 24 hex digits. Ids that make a repeat harmless are derived from it (`dedupeId`). */
  readonly taskId: string;
  /** Base64url of the task id, 16 characters; fits APNs collapse ids, FCM tags and Harmony message ids. */
  readonly dedupeId: string;
  readonly title?: string;
  readonly body?: string;
  readonly data?: Readonly<Record<string, string>>;
  /** An https URL. */
  readonly image?: string;
  /** The deep link that opens on a tap. */
  readonly url?: string;
  /** The number on the app's icon; 0 takes it away. */
  readonly badge?: number;
  /** In place of `badge`, for a vendor that counts by itself: so many more than there are. */
  readonly badgeAdded?: number;
  readonly sound?: string;
  /** A background message: shows nothing, only `data` is delivered to the app. */
  readonly silent: boolean;
  readonly priority: 'high' | 'normal';
  readonly collapseKey?: string;
  /** What consent was given for; a vendor's settings map it to a category or a channel. */
  readonly purpose: string;
  /** How long the vendor may keep it for an offline device, in seconds from now; 0 = now or never. */
  readonly storeSeconds: number;
  /**
   * Not sent any more once `performance.now()` is past it, because what was read of its devices is too old to be trusted:
   * they are `try-later` with cause `turn`.
   */
  readonly sendBefore?: number;
  /** The caller's `overrides` for this vendor, already accepted by the vendor's own schema. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

/** One device as a vendor sees it. */
export interface Target {
  readonly token: string;
}

/** What became of one target, named by who must act: nobody, the device, the sender, the operator, the vendor. */
export type Outcome =
  | {
      readonly kind: 'accepted' /** The vendor's own id of the message. */;
      readonly messageId?: string;
    }
  | {
      readonly kind: 'token-gone';
      readonly reason: string;
      /** Since when the vendor knows it; a token registered again later stays. */
      readonly since?: Date;
      /** A mistake of ours (wrong environment, wrong project) gives the same answer: only suspect the token. */
      readonly ambiguous?: boolean;
    }
  | {
      readonly kind: 'message-refused';
      readonly reason: string /** In words, naming the field. */;
      readonly detail?: string;
    }
  | {
      readonly kind: 'account-refused';
      readonly reason: string /** In words an operator acts on. */;
      readonly detail?: string;
    }
  | {
      readonly kind: 'try-later';
      readonly reason: string;
      /** Not earlier than this; the vendor's header, or the fact sheet's floor. */
      readonly afterMs?: number;
      /** The vendor may have delivered it all the same. */
      readonly mayHaveArrived?: boolean;
      /**
       * Trouble of this one device counts as an attempt; the vendor's or our own trouble does not. `rate`: the vendor says
       * that we send too fast for our quota, so we slow down. `turn`: nothing is wrong, but its turn came after `sendBefore`.
       */
      readonly cause?: 'device' | 'vendor' | 'rate' | 'turn';
    };

export type OutcomeKind = Outcome['kind'];

/**
 * A push that is to be taken back. `message` names it as the push itself was named: `taskId`, `dedupeId`, `collapseKey` and
 * overrides are those it was sent with. Its texts are what is to be seen in its place, if `replaces`.
 */
export interface Recall {
  readonly message: Message;
  /** The sender wants its texts to be seen, where a vendor cannot remove the push without a trace. */
  readonly replaces: boolean;
}

/** How a push would be taken back: without a trace, or by another one in its place, which is seen. */
export type RecallManner = 'removed' | 'replaced';

/** Why a push cannot be taken back; a word of reports: `nothing-shown`. */
export interface NotRecallable {
  readonly reason: string;
}

export interface Adapter {
  /**
   * Sends one message to all targets; one outcome for each target, in their order. Never rejects for anything a vendor
   * or a network does. On abort it resolves: unsent targets `try-later`, unanswered ones `try-later` with `mayHaveArrived`.
   * `onOutcome` hears each outcome as soon as it is known, so that stragglers do not hold up the report of the others.
   */
  send(
    message: Message,
    targets: readonly Target[],
    signal: AbortSignal,
    onOutcome?: (index: number, outcome: Outcome) => void,
  ): Promise<Outcome[]>;
  /**
   * Resolves when a push could leave at once (connection open, credential at hand), or will fail at once; never rejects. What is
   * sent earlier waits, and then leaves together, whatever the distance at which it was sent.
   */
  ready?(): Promise<void>;
  /** Takes a push back; like `send` in everything else. Doing it twice does no harm. Never asked of what `recalls` refuses. */
  recall?(
    recall: Recall,
    targets: readonly Target[],
    signal: AbortSignal,
    onOutcome?: (index: number, outcome: Outcome) => void,
  ): Promise<Outcome[]>;
  close?(): Promise<void>;
}

/** A fault that is known before anything is sent. `field` is a path in the task's `message`, or in the vendor's settings. */
export interface Problem {
  readonly code: 'PAYLOAD_TOO_LARGE' | 'MESSAGE_INVALID' | 'PURPOSE_NOT_MAPPED';
  readonly field: string;
  /** Sentence case, no full stop, says what is allowed. */
  readonly detail: string;
}

/** Shares one short-lived credential (a JWT) between all processes of the gateway. */
export interface CredentialCache {
  /**
   * The value kept under `key` while it is younger than `renewAfterMs`; else makes a new one and shares it. Of several
   * processes that find it old, one makes it.
   */
  get(key: string, renewAfterMs: number, make: () => Promise<string>): Promise<string>;
  /** Forgets `value`, unless somebody has replaced it already. */
  drop(key: string, value: string): Promise<void>;
}

/** What the gateway lends to an adapter. */
export interface AdapterDeps {
  readonly transport: Transport;
  readonly credentials: CredentialCache;
  /** Milliseconds since 1970; injected so that tests own the clock. */
  readonly now: () => number;
}

/** Everything the gateway knows about a vendor: the default export of `adapters/<vendor>/index.ts`. */
export interface Vendor<Settings = Record<string, unknown>> {
  /** The folder's name. */
  readonly name: string;
  /** What `PUT /v1/apps/:app/vendors/:vendor` takes. Unknown keys are refused. */
  readonly settings: ObjectSchema<Settings>;
  /** Keys of `settings` that are encrypted at rest and never shown again. */
  readonly secrets: readonly (keyof Settings & string)[];
  readonly token: StringSchema;
  /** What its devices run on, unless they register as something else; absent where it says nothing of that. */
  readonly platform?: string;
  /** What `message.overrides.<vendor>` takes. */
  readonly overrides: ObjectSchema;
  /** It adds to the number on the icon itself; for all others the gateway counts. */
  readonly countsBadges?: true;
  readonly limits: {
    readonly payloadBytes: number;
    /** Targets the vendor takes in one request. */
    readonly targetsPerRequest: number;
    /** The longest the vendor keeps a message for an offline device. */
    readonly maxStoreSeconds: number;
  };
  /** How fast the vendor lets an ordinary account send, where it says so. An operator may set another rate. */
  readonly pacing?: {
    readonly perSecond: number;
    /** From a standing start it wants to be reached slowly. */
    readonly rampUpSeconds?: number;
  };
  /** A token that is well formed and certainly belongs to nobody: with it, credentials are tried. */
  readonly probeToken: string;
  /** Faults of a message that the vendor would refuse, found without asking it. Pure. */
  check(message: Message, settings: Settings): Problem[];
  /** What a message takes of `limits.payloadBytes`. Pure. */
  payloadBytes?(message: Message, settings: Settings): number;
  /** Whether and how a push can be taken back; absent, like the adapter's `recall`, where none can. Pure. */
  recalls?(recall: Recall, settings: Settings): RecallManner | NotRecallable;
  /** Throws only for settings that the schema accepted but that cannot work, with a message safe to show. */
  open(settings: Settings, deps: AdapterDeps): Adapter;
}
