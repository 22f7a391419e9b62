/** Registers devices, one or a thousand, in one transaction with the history of their consent. */
import { type Connection, mongo, type Types } from 'mongoose';
import { dbOf } from './database.js';
import { devicesIn, readBook, writeBook } from './device-store.js';
import {
  decideRegistration,
  type KeyedRegistration,
  type Registration,
  type RegistrationContext,
} from './registration.js';
import { keyText, liftSuppression, suppress, suppressedSince } from './suppression-list.js';
import { accountKey, tokenKey } from './token-key.js';
import { inTransaction } from './transaction.js';

export interface BulkContext extends RegistrationContext {
  readonly connection: Connection;
  /** The app's, opened. */
  readonly hashSecret: Buffer;
}

export interface RegistrationRequest extends Registration {
  /** For a caller that is not trusted with the whole app: it must own the installation by this token or the new one. */
  proof?: { previousToken?: string };
}

export type RegistrationResult =
  | { readonly kind: 'created' | 'updated' | 'unchanged'; readonly id: Types.ObjectId }
  | {
      readonly kind: 'refused';
      /** `busy`: others registered the same devices all the while. */
      readonly reason: 'suppressed' | 'busy';
      readonly field: 'token' | 'account';
    };

interface Prepared {
  readonly request: KeyedRegistration;
  readonly accountKey?: Buffer;
}

const ATTEMPTS = 4;
const DUPLICATE_KEY = 11000;

const prepare = (request: RegistrationRequest, hashSecret: Buffer): Prepared => {
  const { vendor, token, proof, account } = request;
  const key = tokenKey(hashSecret, vendor, token);
  const previous = proof?.previousToken;
  const proven = previous == null ? [key] : [key, tokenKey(hashSecret, vendor, previous)];
  return {
    request: { ...request, tokenKey: key, ...(proof ? { provenTokenKeys: proven } : {}) },
    ...(account == null ? {} : { accountKey: accountKey(hashSecret, account) }),
  };
};

const keysOf = (prepared: readonly Prepared[]): Buffer[] =>
  prepared.flatMap(({ request, accountKey: key }) =>
    key ? [request.tokenKey, key] : [request.tokenKey],
  );

/** A key is lifted by a direct grant of `push` that was given after the erasure; an import never lifts. */
const mayLift = ({ request }: Prepared, since: Date, { cause, now }: BulkContext): boolean =>
  cause === 'registration' &&
  request.consent?.push === 'granted' &&
  (request.consent.at ?? now) >= since;

interface SuppressionCheck {
  readonly refusal?: RegistrationResult;
  readonly lifted: Buffer[];
}

const checkSuppression = (
  prepared: Prepared,
  since: ReadonlyMap<string, Date>,
  context: BulkContext,
): SuppressionCheck => {
  const lifted: Buffer[] = [];
  for (const [field, key] of [
    ['account', prepared.accountKey],
    ['token', prepared.request.tokenKey],
  ] as const) {
    const suppressedAt = key && since.get(keyText(key));
    if (key == null || suppressedAt == null) continue;
    if (!mayLift(prepared, suppressedAt, context)) {
      return { refusal: { kind: 'refused', reason: 'suppressed', field }, lifted: [] };
    }
    lifted.push(key);
  }
  return { lifted };
};

const attempt = async (
  context: BulkContext,
  prepared: readonly Prepared[],
  session: mongo.ClientSession,
): Promise<RegistrationResult[]> => {
  const db = dbOf(context.connection);
  const { app, now } = context;
  const since = await suppressedSince(db, app, keysOf(prepared), session);
  const requests = prepared.map(({ request }) => request);
  const book = await readBook(db, app, requests, session);
  const lifted: Buffer[] = [];
  const results = prepared.map((one): RegistrationResult => {
    const check = checkSuppression(one, since, context);
    if (check.refusal) return check.refusal;
    for (const key of check.lifted) since.delete(keyText(key));
    lifted.push(...check.lifted);
    const decision = decideRegistration(book.held(one.request), one.request, context);
    book.apply(decision);
    return { kind: decision.result, id: decision.device._id };
  });
  await writeBook(db, book.writes(), now, session);
  if (lifted.length > 0) await liftSuppression(db, lifted, session);
  return results;
};

/**
 * An erasure that ran at the same time has seen none of what the transaction wrote, and the transaction none of its
 * entries. It writes entries before it deletes, we look for entries after we have written: one of the two finds out.
 */
const withdrawErased = async (
  { connection, app, now }: BulkContext,
  prepared: readonly Prepared[],
  results: readonly RegistrationResult[],
): Promise<RegistrationResult[]> => {
  const db = dbOf(connection);
  const since = await suppressedSince(db, app, keysOf(prepared));
  if (since.size === 0) return [...results];
  const erased: Types.ObjectId[] = [];
  const tokens: { key: Buffer; kind: 'token' }[] = [];
  const checked = results.map((result, index): RegistrationResult => {
    const { request, accountKey: account } = prepared[index] as Prepared;
    const byAccount = account != null && since.has(keyText(account));
    if (result.kind === 'refused' || !(byAccount || since.has(keyText(request.tokenKey)))) {
      return result;
    }
    erased.push(result.id);
    tokens.push({ key: request.tokenKey, kind: 'token' });
    return { kind: 'refused', reason: 'suppressed', field: byAccount ? 'account' : 'token' };
  });
  await suppress(db, app, tokens, now);
  if (erased.length > 0) await devicesIn(db).deleteMany({ _id: { $in: erased } });
  return checked;
};

const isDuplicateKey = (error: unknown): boolean =>
  error instanceof mongo.MongoServerError && error.code === DUPLICATE_KEY;

/** Undefined when others were faster each time. */
const tryTogether = async (
  context: BulkContext,
  prepared: readonly Prepared[],
): Promise<RegistrationResult[] | undefined> => {
  for (let attempts = 0; attempts < ATTEMPTS; attempts += 1) {
    try {
      return await inTransaction(context.connection, (session) =>
        attempt(context, prepared, session),
      );
    } catch (error) {
      // Somebody took a token or an installation between our read and our write: the next attempt finds their device.
      if (!isDuplicateKey(error)) throw error;
    }
  }
  return undefined;
};

const registerPrepared = async (
  context: BulkContext,
  prepared: readonly Prepared[],
): Promise<RegistrationResult[]> => {
  const together = await tryTogether(context, prepared);
  if (together) return withdrawErased(context, prepared, together);
  if (prepared.length === 1) return [{ kind: 'refused', reason: 'busy', field: 'token' }];
  // Changes that only work one by one (tokens in a ring) come apart in halves.
  const middle = Math.ceil(prepared.length / 2);
  return [
    ...(await registerPrepared(context, prepared.slice(0, middle))),
    ...(await registerPrepared(context, prepared.slice(middle))),
  ];
};

/**
 * One result for each request, in their order, as if they had come one by one. About a thousand at a time; each call is
 * one transaction unless somebody else registers the same devices meanwhile.
 */
export const registerDevices = async (
  context: BulkContext,
  requests: readonly RegistrationRequest[],
): Promise<RegistrationResult[]> => {
  if (requests.length === 0) return [];
  return registerPrepared(
    context,
    requests.map((request) => prepare(request, context.hashSecret)),
  );
};
