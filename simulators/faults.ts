/** Faults on demand: what is to go wrong, for whom, and how often. */
import type { Endpoint } from './exchange.js';

export const FAULT_KINDS = [
  /** `answer`, a name of the vendor's table, instead of the token's own. */
  'answer',
  /** 429 in the vendor's form, with Retry-After if `retryAfterSeconds` is given. */
  'too-many-requests',
  /** 503 in the vendor's form; `delivered` makes the push arrive all the same. */
  'unavailable',
  /** A 502 with a page of HTML. */
  'html-502',
  /** The request is handled as usual, its answer leaves after `delayMs`. */
  'slow',
  /** No answer ever; with `delivered` the push arrives. */
  'silent',
  /** GOAWAY in mid batch: this request is the last that is handled on its connection. */
  'goaway',
  /** RST_STREAM with `code` (default 2, INTERNAL_ERROR); with `delivered` the push arrives. */
  'stream-reset',
  /** RST_STREAM REFUSED_STREAM: nothing was handled. */
  'refused-stream',
  /** The connection is cut; with `delivered` the push arrives. */
  'cut',
  /** New connections are dropped; `count` counts connections. */
  'stop-accepting',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** One thing that is to go wrong. Faults are tried in the order in which they were asked for. */
export interface Fault {
  readonly kind: FaultKind;
  /** So many times; without it until the next reset. */
  readonly count?: number;
  /** Lets so many matching requests pass first. */
  readonly after?: number;
  /** Only requests that name this token. */
  readonly token?: string;
  /** Only requests that name a token with this beginning. */
  readonly tokenPrefix?: string;
  /** `token` is Google's token endpoint; default `send`. */
  readonly endpoint?: Endpoint;
  readonly answer?: string;
  readonly retryAfterSeconds?: number;
  readonly delayMs?: number;
  readonly code?: number;
  readonly delivered?: boolean;
}

type FieldType = 'string' | 'natural' | 'boolean';

const FIELDS: Readonly<Record<Exclude<keyof Fault, 'kind'>, FieldType>> = {
  count: 'natural',
  after: 'natural',
  token: 'string',
  tokenPrefix: 'string',
  endpoint: 'string',
  answer: 'string',
  retryAfterSeconds: 'natural',
  delayMs: 'natural',
  code: 'natural',
  delivered: 'boolean',
};

const fits = (value: unknown, type: FieldType): boolean =>
  type === 'natural' ? Number.isSafeInteger(value) && Number(value) >= 0 : typeof value === type;

/** A fault that cannot be set; the message names the field. */
export class FaultRefused extends Error {
  override readonly name = 'FaultRefused';
}

const checkFields = (input: object): void => {
  for (const [name, value] of Object.entries(input)) {
    if (name === 'kind' || value === undefined) continue;
    const type = (FIELDS as Record<string, FieldType | undefined>)[name];
    if (type == null) {
      throw new FaultRefused(
        `"${name}" is not a field, known are kind, ${Object.keys(FIELDS).join(', ')}`,
      );
    }
    if (!fits(value, type)) throw new FaultRefused(`"${name}" must be a ${type}`);
  }
};

/** Throws FaultRefused. */
export const parseFault = (input: unknown, answerNames: readonly string[]): Fault => {
  if (typeof input !== 'object' || input == null || Array.isArray(input)) {
    throw new FaultRefused('A fault is an object');
  }
  checkFields(input);
  const fault = input as Fault;
  if (!FAULT_KINDS.includes(fault.kind)) {
    throw new FaultRefused(`"kind" must be one of ${FAULT_KINDS.join(', ')}`);
  }
  if (fault.endpoint != null && fault.endpoint !== 'send' && fault.endpoint !== 'token') {
    throw new FaultRefused('"endpoint" must be send or token');
  }
  if (fault.kind === 'answer' && !answerNames.includes(fault.answer ?? '')) {
    throw new FaultRefused(`"answer" must be one of ${answerNames.join(', ')}`);
  }
  if (fault.kind === 'slow' && fault.delayMs == null) {
    throw new FaultRefused('"delayMs" is needed for slow');
  }
  return { ...fault };
};

interface Armed {
  readonly fault: Fault;
  skip: number;
  left: number;
}

export class Faults {
  #armed: Armed[] = [];

  constructor(readonly answerNames: readonly string[]) {}

  /** Throws FaultRefused. */
  add(input: Fault): void {
    const fault = parseFault(input, this.answerNames);
    this.#armed.push({ fault, skip: fault.after ?? 0, left: fault.count ?? Infinity });
  }

  /** The fault that strikes this request, if any; uses it up. */
  take(endpoint: Endpoint, tokens: readonly string[]): Fault | undefined {
    if (this.#armed.length === 0) return undefined;
    return this.#strike(
      ({ fault }) =>
        fault.kind !== 'stop-accepting' &&
        (fault.endpoint ?? 'send') === endpoint &&
        (isForAll(fault) || tokens.some((token) => concerns(fault, token))),
    );
  }

  /** Whether a new connection is dropped. */
  dropsConnection(): boolean {
    return this.#strike(({ fault }) => fault.kind === 'stop-accepting') != null;
  }

  #strike(matches: (armed: Armed) => boolean): Fault | undefined {
    for (const armed of this.#armed) {
      if (!matches(armed)) continue;
      if (armed.skip > 0) {
        armed.skip -= 1;
        continue;
      }
      armed.left -= 1;
      if (armed.left <= 0) this.#armed = this.#armed.filter((other) => other !== armed);
      return armed.fault;
    }
    return undefined;
  }

  /** Faults that wait, with how often they will still strike (null: until the reset). */
  list(): (Fault & { readonly left: number | null })[] {
    return this.#armed.map(({ fault, left }) => ({
      ...fault,
      left: Number.isFinite(left) ? left : null,
    }));
  }

  reset(): void {
    this.#armed = [];
  }
}

const isForAll = (fault: Fault): boolean => fault.token == null && fault.tokenPrefix == null;

/** Whether a fault is meant for this token. */
export const concerns = (fault: Fault, token: string): boolean =>
  fault.token != null ? token === fault.token : token.startsWith(fault.tokenPrefix ?? '');
