/** Registers devices, one or a thousand, in one transaction with the history of their consent. */
import type { Connection, mongo, Types } from 'mongoose';
import { AccountRoom } from './account-room.js';
import { hasTooManyAttributes } from './attributes.js';
import { type FreshGrants, liftUnsubscribed } from './block-list.js';
import { grantedIn } from './consent.js';
import { dbOf } from './database.js';
import type { Device } from './device.js';
import type { DeviceBook } from './device-book.js';
import { devicesIn, readBook, writeBook } from './device-store.js';
import { isDuplicateKey } from './duplicate-key.js';
import type { Limited, Limits } from './limits.js';
import {
  type Decision,
  decideRegistration,
  type KeyedRegistration,
  type Registration,
  type RegistrationContext,
} from './registration.js';
import {
  checkSuppression,
  type NamedKey,
  namedKeys,
  type OptIn,
  type Suppressible,
} from './suppression-check.js';
import {
  keyText,
  liftSuppression,
  type SuppressionEntry,
  suppress,
  suppressedSince,
} from './suppression-list.js';
import { refusedTags } from './tag-book.js';
import { accountKey, tokenKey } from './token-key.js';
import { inTransaction } from './transaction.js';

export interface BulkContext extends RegistrationContext, Limits {
  readonly connection: Connection;
  /** The app's, opened. */
  readonly hashSecret: Buffer;
}

export interface RegistrationRequest extends Registration {
  /** For a caller that is not trusted with the whole app: it must own the installation by this token or the new one. */
  proof?: { previousToken?: string };
  /** For the same caller: when it was vouched that the account is its own; no erasure after that is lifted by it. */
  accountProof?: { issuedAt?: Date };
}

export type RegistrationResult =
  | { readonly kind: 'created' | 'updated' | 'unchanged'; readonly id: Types.ObjectId }
  | {
      readonly kind: 'refused';
      /** `busy`: others registered the same devices all the while. */
      readonly reason: 'suppressed' | 'busy';
      readonly field: Suppressible;
    }
  | {
      readonly kind: 'refused';
      /** With those that it had before. */
      readonly reason: 'too-many-attributes';
      readonly field: 'attributes';
    }
  | {
      readonly kind: 'refused';
      readonly reason: Exclude<Limited, 'device-tags-full'>;
      readonly field: 'account' | 'tags';
    };

interface Prepared {
  readonly request: KeyedRegistration;
  /** What an erasure may have put on the suppression list. */
  readonly keys: readonly NamedKey[];
  readonly optIn: OptIn;
  /** It brings tags for which the app has no room. */
  readonly tagsRefused: boolean;
}

const ATTEMPTS = 4;

/** An import says what somebody else once heard: it never lifts a suppression. */
const optInOf = (
  { consent, accountProof }: RegistrationRequest,
  provenTokenKeys: readonly Buffer[] | undefined,
  { cause, now }: BulkContext,
): OptIn => ({
  ...(cause === 'registration' && consent?.push === 'granted'
    ? { grantedAt: consent.at ?? now }
    : {}),
  ...(provenTokenKeys ? { provenTokenKeys } : {}),
  ...(accountProof ? { accountProof } : {}),
});

const prepare = (
  given: RegistrationRequest,
  context: BulkContext,
  refused: ReadonlySet<string>,
): Prepared => {
  const { hashSecret } = context;
  const { proof, accountProof: _, ...request } = given;
  const key = tokenKey(hashSecret, request.vendor, request.token);
  const previous = proof?.previousToken;
  const provenTokenKeys =
    previous == null ? [key] : [key, tokenKey(hashSecret, request.vendor, previous)];
  return {
    request: { ...request, tokenKey: key, ...(proof ? { provenTokenKeys } : {}) },
    keys: namedKeys(request, key, hashSecret),
    optIn: optInOf(given, proof && provenTokenKeys, context),
    tagsRefused: request.tags?.some((tag) => refused.has(tag)) ?? false,
  };
};

/** Those of the tokens that are only shown, too. */
const keysOf = (prepared: readonly Prepared[]): Buffer[] =>
  prepared.flatMap(({ request, keys }) => [
    ...keys.map(({ key }) => key),
    ...(request.provenTokenKeys ?? []),
  ]);

const heldBy = (book: DeviceBook, request: KeyedRegistration): Device[] => {
  const { byToken, byInstallation } = book.held(request);
  return [byToken, byInstallation].filter((device) => device != null);
};

/** How many devices may come to each account that a request names, or of which it brings one back. */
const wantedIn = (book: DeviceBook, prepared: readonly Prepared[]): Map<string, number> => {
  const wanted = new Map<string, number>();
  for (const { request } of prepared) {
    const held = heldBy(book, request);
    const isIn = (account: string) => (device: Device) =>
      device.account === account && device.state !== 'gone';
    const named = request.account === undefined ? held.flatMap(({ account }) => account ?? []) : [];
    if (request.account != null) named.push(request.account);
    for (const account of new Set(named)) {
      if (held.length > 0 && held.every(isIn(account))) continue;
      wanted.set(account, (wanted.get(account) ?? 0) + 1);
    }
  }
  return wanted;
};

/** What an unsubscription of the account from before does not outlive. An import says nothing of the person's own. */
const freshGrants = (
  { device, record }: Decision,
  { consent }: KeyedRegistration,
  { cause, hashSecret, now }: BulkContext,
): FreshGrants[] => {
  const { account } = device;
  if (cause === 'import' || record == null || account == null || consent == null) return [];
  return [{ key: accountKey(hashSecret, account), ...grantedIn(consent, now) }];
};

const NO_ROOM_FOR_TAGS = { kind: 'refused', reason: 'app-tags-full', field: 'tags' } as const;
const NO_ROOM_IN_ACCOUNT = { kind: 'refused', reason: 'account-full', field: 'account' } as const;

const attempt = async (
  context: BulkContext,
  prepared: readonly Prepared[],
  session: mongo.ClientSession,
): Promise<RegistrationResult[]> => {
  const db = dbOf(context.connection);
  const { app } = context;
  const since = await suppressedSince(db, app, keysOf(prepared), session);
  const requests = prepared.map(({ request }) => request);
  const book = await readBook(db, app, requests, session);
  const room = await AccountRoom.read(db, context, wantedIn(book, prepared), session);
  const lifted: Buffer[] = [];
  const granted: FreshGrants[] = [];
  const results = prepared.map((one): RegistrationResult => {
    const check = checkSuppression(one.keys, one.optIn, since);
    if (check.refused) return { kind: 'refused', reason: 'suppressed', field: check.refused };
    if (one.tagsRefused) return NO_ROOM_FOR_TAGS;
    const decision = decideRegistration(book.held(one.request), one.request, context);
    const { device, removed } = decision;
    if (hasTooManyAttributes(device)) {
      return { kind: 'refused', reason: 'too-many-attributes', field: 'attributes' };
    }
    const before = heldBy(book, one.request).find(({ _id }) => _id.equals(device._id));
    if (!room.take(before, device, removed)) return NO_ROOM_IN_ACCOUNT;
    for (const key of check.lifted) since.delete(keyText(key));
    lifted.push(...check.lifted);
    granted.push(...freshGrants(decision, one.request, context));
    book.apply(decision);
    return { kind: decision.result, id: decision.device._id };
  });
  await writeBook(db, book.writes(), context, session);
  if (lifted.length > 0) await liftSuppression(db, lifted, session);
  await liftUnsubscribed(db, granted, session);
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
  const entries: SuppressionEntry[] = [];
  const checked = results.map((result, index): RegistrationResult => {
    const { keys } = prepared[index] as Prepared;
    const field = keys.find(({ key }) => since.has(keyText(key)))?.field;
    if (result.kind === 'refused' || field == null) return result;
    erased.push(result.id);
    entries.push(...keys.filter(({ kind }) => kind !== 'account'));
    return { kind: 'refused', reason: 'suppressed', field };
  });
  await suppress(db, app, entries, now);
  if (erased.length > 0) await devicesIn(db).deleteMany({ _id: { $in: erased } });
  return checked;
};

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
  const tags = requests.flatMap((request) => request.tags ?? []);
  const refused = await refusedTags(context, tags);
  return registerPrepared(
    context,
    requests.map((request) => prepare(request, context, refused)),
  );
};
