/** Makes anything fit for a log: secrets out by name and by shape, cycles closed, depth and size bounded. */
import { REDACTED, redactText } from './redact-text.js';

const MAX_DEPTH = 6;
const MAX_MEMBERS = 50;
const MAX_NAME_CHARS = 200;
/** Values in one log line, all levels together. */
const MAX_VALUES = 500;
/** Characters of text in one log line, all values together. */
const MAX_CHARS = 32_768;

/** Ends of names, in lower case without separators: `deviceToken`, `x-api-key`, `hash_secret` and their plurals. */
const SECRET_NAME =
  /(token|secret|password|passphrase|authorization|cookie|credential|privatekey|apikey|masterkey|operatorkey|accountproof|assertion|jwt|pem|pfx|p8|p12)s?$/;
/**
 * What a push says to a person, and where requests and the errors of joi (`_original`, `value`) repeat it. `message` is
 * one only as an object.
 */
const CONTENT_NAMES = new Set([
  'alert',
  'body',
  'data',
  'key',
  'keys',
  'localized',
  'notification',
  'original',
  'overrides',
  'payload',
  'rawbody',
  'title',
  'value',
]);

const isSecretName = (name: string, value: unknown): boolean => {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (plain === 'message') return typeof value === 'object' && !(value instanceof Error);
  return SECRET_NAME.test(plain) || CONTENT_NAMES.has(plain);
};

/** Counts and flags tell nothing: `tokens: 5000` stays. */
const isHarmless = (value: unknown): boolean =>
  value == null || typeof value === 'number' || typeof value === 'boolean';

type Members = Iterable<readonly [string, unknown]>;

/** Read one by one: a getter that throws costs its own member only. */
function* membersOf(value: object): Members {
  if (value instanceof Map) {
    for (const [key, member] of value) yield [String(key), member];
    return;
  }
  if (value instanceof Error) {
    yield ['name', value.name];
    yield ['message', value.message];
    yield ['stack', value.stack];
    if (value.cause != null) yield ['cause', value.cause];
    if (value instanceof AggregateError) yield ['errors', value.errors];
  }
  for (const key of Object.keys(value)) {
    try {
      yield [key, (value as Record<string, unknown>)[key]];
    } catch {
      yield [key, '[unreadable]'];
    }
  }
}

class Redaction {
  readonly #path = new Set<object>();
  #values = 0;
  #chars = 0;

  value(value: unknown, depth: number): unknown {
    this.#values += 1;
    if (this.#values > MAX_VALUES) return '[cut]';
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'bigint':
        return value.toString();
      case 'function':
      case 'symbol':
        return `[${typeof value}]`;
      case 'object':
        return value === null ? null : this.#object(value, depth);
      case 'boolean':
      case 'number':
      case 'undefined':
        return value;
    }
  }

  #text(text: string): string {
    if (this.#chars > MAX_CHARS) return '[cut]';
    const clean = redactText(text);
    this.#chars += clean.length;
    return clean;
  }

  #object(value: object, depth: number): unknown {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (this.#path.has(value)) return '[circular]';
    if (depth >= MAX_DEPTH) return '[deep]';
    this.#path.add(value);
    try {
      if (value instanceof Error) return this.#members(value, depth);
      const asJson = (value as { toJSON?: unknown }).toJSON;
      if (typeof asJson === 'function') return this.value(asJson.call(value), depth + 1);
      if (Array.isArray(value) || value instanceof Set) return this.#list([...value], depth);
      return this.#members(value, depth);
    } catch {
      return '[unreadable]';
    } finally {
      this.#path.delete(value);
    }
  }

  #list(items: unknown[], depth: number): unknown[] {
    const shown = items.slice(0, MAX_MEMBERS).map((item) => this.value(item, depth + 1));
    if (items.length > MAX_MEMBERS) shown.push(`[${items.length - MAX_MEMBERS} more]`);
    return shown;
  }

  #members(value: object, depth: number): Record<string, unknown> {
    // Without a prototype, so that a member named `__proto__` is only a member.
    const shown = Object.create(null) as Record<string, unknown>;
    let count = 0;
    for (const [name, member] of membersOf(value)) {
      count += 1;
      if (count > MAX_MEMBERS) {
        shown['...'] = '[more]';
        break;
      }
      // A map keyed by tokens shows none of them either.
      const cleanName = redactText(name).slice(0, MAX_NAME_CHARS);
      shown[cleanName] =
        isSecretName(name, member) && !isHarmless(member)
          ? REDACTED
          : this.value(member, depth + 1);
    }
    return shown;
  }
}

/** Plain data for JSON without secrets. Never throws. */
export const redact = (value: unknown): unknown => new Redaction().value(value, 0);
