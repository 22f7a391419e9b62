/** What passes between the shared server and a vendor's rules: one request, and what is decided about it. */
import type { IncomingHttpHeaders } from 'node:http';

/** One connection of a client; `memory` is what the vendor remembers about it. */
export interface Connection<Memory> {
  readonly memory: Memory;
  /** The client's certificate chain, if it showed one. */
  readonly certificate?: { readonly authorized: boolean; readonly subject: Record<string, string> };
  /** Tells the client how many streams it may have open from now on. HTTP/2 only. */
  allowStreams(count: number): void;
  /** Sends GOAWAY with `debugData`; streams that were not read yet are left unprocessed. HTTP/2 only. */
  goAway(debugData: string): void;
}

export interface Exchange<Memory = unknown> {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Name and value in turn, as they came: doubled headers are seen only here. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly connection: Connection<Memory>;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How the exchange ends for the client. */
export type Ending =
  | { readonly kind: 'reply'; readonly reply: Reply; readonly delayMs?: number }
  /** No answer ever comes. */
  | { readonly kind: 'silent' }
  /** RST_STREAM with an HTTP/2 error code. */
  | { readonly kind: 'reset'; readonly code: number }
  /** The connection breaks. */
  | { readonly kind: 'cut' };

/** What became of one push to one recipient. */
export interface Push {
  /** The device token, or `/topics/<name>` and the like for what is not one device. */
  readonly token: string;
  /** A name of the vendor's table of answers, or the name of the rule or fault that decided. */
  readonly answer: string;
  /** The vendor said yes. */
  readonly accepted: boolean;
  /** The device got it, whatever the vendor said. */
  readonly delivered: boolean;
  /**
   * Present when a person would see it; a later one with the same `replaces` takes its place, and so does one at the same
   * `place`, where that is another name.
   */
  readonly shows?: { readonly replaces?: string; readonly place?: string };
  /** The place on the screen that it clears. */
  readonly clears?: string;
  /** The vendor's id of the message. */
  readonly id?: string;
}

export interface Decision {
  readonly ending: Ending;
  readonly pushes: readonly Push[];
}

/** A request as far as it could be read before any rule is applied. */
export interface Reading<Parsed> {
  /** Faults are matched against these names; a send without a readable recipient has none. */
  readonly tokens: readonly string[];
  /** `token` is Google's token endpoint. */
  readonly endpoint: Endpoint;
  readonly parsed: Parsed;
}

export type Endpoint = 'send' | 'token';

/** A vendor as the shared server sees it. */
export interface VendorRules<Memory, Parsed> {
  newMemory(): Memory;
  connected?(connection: Connection<Memory>): void;
  read(exchange: Exchange<Memory>): Reading<Parsed>;
  /** `forced` names an answer that takes the place of the tokens' own. */
  decide(exchange: Exchange<Memory>, reading: Reading<Parsed>, forced?: string): Decision;
  /** The vendor's way to say 429. */
  tooManyRequests(retryAfterSeconds?: number): Reply;
  /** The vendor's way to say 503. */
  unavailable(retryAfterSeconds?: number): Reply;
  /** Debug data of a GOAWAY. */
  readonly goAwayData: string;
  /** Names that `forced` may take. */
  readonly answerNames: readonly string[];
  /** Forgets what was remembered about tokens. */
  reset(): void;
}

export const jsonReply = (
  status: number,
  body: unknown,
  headers?: Readonly<Record<string, string>>,
): Reply => ({
  status,
  headers: { 'content-type': 'application/json; charset=UTF-8', ...headers },
  body: JSON.stringify(body),
});

/** What a front end in trouble answers, whatever was asked. */
export const htmlReply = (status: number, title: string): Reply => ({
  status,
  headers: { 'content-type': 'text/html; charset=UTF-8' },
  body: `<!DOCTYPE html><html lang="en"><title>Error ${status} (${title})</title><p><b>${status}.</b> <ins>That is an error.</ins></html>`,
});

export const retryAfter = (seconds?: number): Record<string, string> =>
  seconds == null ? {} : { 'retry-after': String(seconds) };
