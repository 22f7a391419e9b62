/** What arrived, for whom, and what became of it: counters for every token, whole records for the latest pushes. */
import type { Push } from './exchange.js';

/** One push to one recipient, as it is remembered. */
export interface PushRecord extends Push {
  /** ISO 8601, in UTC. */
  readonly at: string;
  /** Whether it made one more notification on the screen: false for a silent one and for one that replaced another. */
  readonly shown: boolean;
  /** The request it came with; only the latest requests are kept. */
  readonly request?: RequestRecord;
}

export interface RequestRecord {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Parsed, if it was JSON. */
  readonly body: unknown;
}

/** What one recipient got since the start or the last reset. */
export interface TokenCounts {
  readonly token: string;
  /** Requests that named it, whatever came of them. */
  readonly received: number;
  readonly accepted: number;
  /** How often the device really got it. */
  readonly delivered: number;
  /** Separate notifications a person has seen, repeats with the same id counted once. */
  readonly shown: number;
}

export interface Counts {
  readonly requests: number;
  readonly received: number;
  readonly accepted: number;
  readonly delivered: number;
  readonly shown: number;
  /** Recipients that at least one request named. */
  readonly tokens: number;
  readonly byAnswer: Readonly<Record<string, number>>;
}

export interface RecordLimits {
  /** Push records that are kept; the oldest go first, counters stay. Default 500,000. */
  readonly pushRecords?: number;
  /** Requests whose headers and body are kept. Default 10,000. */
  readonly requestRecords?: number;
}

interface Entry {
  counts: { received: number; accepted: number; delivered: number; shown: number };
  shownIds?: Set<string>;
  /** What is on the screen now, by place; what has no place of a name stays until the end. */
  screen?: Map<string | symbol, KeptRecord>;
  records: KeptRecord[];
}

type KeptRecord = { -readonly [Key in keyof PushRecord]: PushRecord[Key] };

const HIDDEN_HEADERS = new Set(['authorization', 'host', 'content-length']);

/** Headers worth reading later; credentials are left out. */
const readableHeaders = (headers: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const readable: Record<string, unknown> = {};
  for (const name of Object.keys(headers)) {
    if (!name.startsWith(':') && !HIDDEN_HEADERS.has(name)) readable[name] = headers[name];
  }
  return readable;
};

/** Keeps the newest `limit` items; the item that has to go is handed back. */
class Ring<Item> {
  readonly #items: Item[] = [];
  #oldest = 0;

  constructor(readonly limit: number) {}

  push(item: Item): Item | undefined {
    if (this.#items.length < this.limit) {
      this.#items.push(item);
      return undefined;
    }
    if (this.limit === 0) return item;
    const gone = this.#items[this.#oldest];
    this.#items[this.#oldest] = item;
    this.#oldest = (this.#oldest + 1) % this.limit;
    return gone;
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let index = 0; index < this.#items.length; index += 1) {
      yield this.#items[(this.#oldest + index) % this.#items.length] as Item;
    }
  }
}

const DEFAULT_PUSH_RECORDS = 500_000;
const DEFAULT_REQUEST_RECORDS = 10_000;

export class Records {
  readonly #limits: Required<RecordLimits>;
  readonly #now: () => number;
  #byToken = new Map<string, Entry>();
  #log: Ring<{ record: KeptRecord; entry: Entry }>;
  #detailed: Ring<KeptRecord[]>;
  #totals = { requests: 0, received: 0, accepted: 0, delivered: 0, shown: 0 };
  #byAnswer = new Map<string, number>();

  constructor(limits: RecordLimits, now: () => number) {
    this.#limits = {
      pushRecords: limits.pushRecords ?? DEFAULT_PUSH_RECORDS,
      requestRecords: limits.requestRecords ?? DEFAULT_REQUEST_RECORDS,
    };
    this.#now = now;
    this.#log = new Ring(this.#limits.pushRecords);
    this.#detailed = new Ring(this.#limits.requestRecords);
  }

  /** `body` is called only while bodies are kept at all. */
  add(
    pushes: readonly Push[],
    request: { path: string; headers: Readonly<Record<string, unknown>>; body: () => unknown },
  ): void {
    this.#totals.requests += 1;
    if (pushes.length === 0) return;
    const at = new Date(this.#now()).toISOString();
    const detail = this.#limits.requestRecords > 0 ? this.#detail(request) : undefined;
    const kept = pushes.map((push) => this.#addOne(push, at, detail));
    if (detail == null) return;
    for (const record of this.#detailed.push(kept) ?? []) delete record.request;
  }

  #detail(request: {
    path: string;
    headers: Readonly<Record<string, unknown>>;
    body: () => unknown;
  }): RequestRecord {
    return { path: request.path, headers: readableHeaders(request.headers), body: request.body() };
  }

  #addOne(push: Push, at: string, request: RequestRecord | undefined): KeptRecord {
    let entry = this.#byToken.get(push.token);
    if (entry == null) {
      entry = {
        counts: { received: 0, accepted: 0, delivered: 0, shown: 0 },
        records: [],
        screen: new Map(),
      };
      this.#byToken.set(push.token, entry);
    }
    const shown = push.delivered && push.shows != null && isNew(entry, push.shows.replaces);
    for (const counts of [entry.counts, this.#totals]) {
      counts.received += 1;
      if (push.accepted) counts.accepted += 1;
      if (push.delivered) counts.delivered += 1;
      if (shown) counts.shown += 1;
    }
    this.#byAnswer.set(push.answer, (this.#byAnswer.get(push.answer) ?? 0) + 1);
    const record: KeptRecord = { ...push, at, shown, ...(request == null ? {} : { request }) };
    if (push.delivered) this.#draw(record, entry);
    if (this.#limits.pushRecords > 0) this.#keep(record, entry);
    return record;
  }

  #draw(record: KeptRecord, entry: Entry): void {
    const { shows, clears } = record;
    if (clears != null) entry.screen?.delete(clears);
    if (shows == null) return;
    // A device that drops a repeat of the same id keeps what it shows; one that replaces shows the newer.
    const { replaces, place = replaces } = shows;
    const isDropped = !record.shown && place !== replaces;
    if (isDropped) return;
    entry.screen ??= new Map();
    entry.screen.set(place ?? Symbol('no name'), record);
  }

  #keep(record: KeptRecord, entry: Entry): void {
    entry.records.push(record);
    // The oldest record of all is also the oldest of its token.
    this.#log.push({ record, entry })?.entry.records.shift();
  }

  /** Push records, oldest first; of one recipient when `token` is given. */
  *list(token?: string): Generator<PushRecord> {
    if (token != null) {
      yield* this.#byToken.get(token)?.records ?? [];
      return;
    }
    for (const { record } of this.#log) yield record;
  }

  countsOf(token: string): TokenCounts {
    const none = { received: 0, accepted: 0, delivered: 0, shown: 0 };
    return { token, ...(this.#byToken.get(token)?.counts ?? none) };
  }

  /** What is on a device's screen now, in the order of its places. */
  screenOf(token: string): PushRecord[] {
    return [...(this.#byToken.get(token)?.screen?.values() ?? [])];
  }

  /** Counters of every recipient; never forgotten before a reset. */
  *tokens(): Generator<TokenCounts> {
    for (const [token, { counts }] of this.#byToken) yield { token, ...counts };
  }

  counts(): Counts {
    return {
      ...this.#totals,
      tokens: this.#byToken.size,
      byAnswer: Object.fromEntries(
        [...this.#byAnswer].sort(([one], [other]) => (one < other ? -1 : 1)),
      ),
    };
  }

  reset(): void {
    this.#byToken = new Map();
    this.#log = new Ring(this.#limits.pushRecords);
    this.#detailed = new Ring(this.#limits.requestRecords);
    this.#totals = { requests: 0, received: 0, accepted: 0, delivered: 0, shown: 0 };
    this.#byAnswer = new Map();
  }
}

/** Whether a notification takes a new place on the screen. */
const isNew = (entry: Entry, replaces: string | undefined): boolean => {
  if (replaces == null) return true;
  entry.shownIds ??= new Set();
  if (entry.shownIds.has(replaces)) return false;
  entry.shownIds.add(replaces);
  return true;
};
