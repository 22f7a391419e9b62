/** What each vendor folder's `samples.ts` holds: real replies with their outcomes, and messages with their requests. */
import type { TransportReply } from '../transport/transport.js';
import type { Message, Outcome, Problem, RecallManner, Target } from './adapter.js';

/** A reply of the vendor and what it means. */
export interface Sample {
  /** What happened, in words; it names the test. */
  readonly name: string;
  /** Absent only for a vendor without HTTP: there the token alone decides. */
  readonly reply?: TransportReply;
  readonly targets: readonly Target[];
  /** One for each target, in order. */
  readonly outcomes: readonly Outcome[];
  /** `read` asks for a fresh credential first, and gives `outcomes` if the repeat is answered like this again. */
  readonly stale?: 'credential' | 'credential-and-connection';
}

/** What `body` is compared with as JSON; of the headers, those named. */
interface SampledRequest {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A push and what the vendor is sent to take it back, or why it cannot be. */
export type RecallSample = {
  readonly name: string;
  /** Laid over the message of `messageOf`. */
  readonly message: Partial<Message>;
  /** Its texts are to be seen in the place of the push. */
  readonly replaces?: true;
  /** Laid over the settings of `example`. */
  readonly settings?: Readonly<Record<string, unknown>>;
} & (
  | {
      readonly manner: RecallManner;
      /** Absent only for a vendor without HTTP. */
      readonly request?: SampledRequest;
    }
  | { readonly reason: string }
);

/** A message and what the vendor is sent for it, or why it is refused before sending. */
export type MessageSample = {
  readonly name: string;
  /** Laid over the message of `messageOf`. */
  readonly message: Partial<Message>;
  /** Laid over the settings of `example`. */
  readonly settings?: Readonly<Record<string, unknown>>;
} & (
  | {
      readonly request: SampledRequest;
    }
  | { readonly problems: readonly Pick<Problem, 'code' | 'field'>[] }
);

/** What the contract test needs to open a vendor's adapter; `samples.ts` exports it as `example`. */
export interface VendorExample {
  /** Valid settings. Keys in them are made when this is first called: no private key is ever kept in a file. */
  settings(): Record<string, unknown>;
  /** A made-up token that the schema takes. */
  readonly token: string;
  /** Replies to requests that obtain a credential, by path; every other request is a push. */
  readonly credentialReplies?: Readonly<Record<string, TransportReply>>;
  /** The exception for a vendor that sends no HTTP, and so has no `read.ts`. */
  readonly withoutHttp?: {
    readonly why: string;
    /** Its push is answered only after a while, so that a test can abort it. */
    readonly slowToken: string;
  };
}

/** What `adapters/<vendor>/samples.ts` exports. */
export interface VendorSamples {
  readonly example: VendorExample;
  readonly samples: readonly Sample[];
  readonly messages?: readonly MessageSample[];
  /** Of a vendor that can take pushes back. */
  readonly recalled?: readonly RecallSample[];
}

/** The clock of all samples: 1 January 2026. */
export const SAMPLED_AT_MS = Date.UTC(2026, 0, 1);

export const json = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): TransportReply => ({
  status,
  headers: { 'content-type': 'application/json; charset=UTF-8', ...headers },
  body: Buffer.from(JSON.stringify(body)),
});

/** A page of a front end that never asked the push service. */
export const html = (status: number): TransportReply => ({
  status,
  headers: { 'content-type': 'text/html; charset=UTF-8' },
  body: Buffer.from(
    `<!DOCTYPE html><html><title>Error ${status}</title><p>That’s an error.</html>`,
  ),
});

export const empty = (
  status: number,
  headers: Readonly<Record<string, string>> = {},
): TransportReply => ({ status, headers, body: Buffer.alloc(0) });

/** A valid message; a test or a sample names only what matters to it. */
export const messageOf = (given: Partial<Message> = {}): Message => ({
  taskId: '7f3a65f1c2d3e4b5a6978877',
  dedupeId: 'fzpl8cLT5LWml4h3',
  title: 'Your parcel is here',
  body: 'Pick it up until Friday',
  silent: false,
  priority: 'high',
  purpose: 'service',
  storeSeconds: 3600,
  ...given,
});
