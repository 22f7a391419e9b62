/** Decides a request as APNs does: headers, path, token, credential, topic, payload, and then the token's own answer. */
import { randomUUID } from 'node:crypto';
import { ACCEPTED, decideByAnswer, refusal, Turns } from '../answers.js';
import type {
  Connection,
  Decision,
  Exchange,
  Push,
  Reading,
  Reply,
  VendorRules,
} from '../exchange.js';
import type { RuleContext } from '../simulator.js';
import { apnsAnswerOf } from '../tokens.js';
import {
  APNS_ANSWERS,
  type ApnsAnswer,
  type ApnsReason,
  apnsRefusal,
  apnsUnavailable,
} from './answers.js';
import { ApnsAuthenticator, type ApnsMemory, newApnsMemory } from './authenticate.js';
import type { ApnsEnvironment } from './credentials.js';
import {
  checkHeaders,
  checkPayload,
  checkTopic,
  hasValidId,
  type PathReading,
  readPath,
  textOf,
} from './validate.js';

export interface ApnsRuleOptions {
  readonly environment: ApnsEnvironment;
  /** More apps of the team. */
  readonly bundleIds: readonly string[];
  /** Streams a connection may have once its first good token came. */
  readonly maxConcurrentStreams: number;
  /** GOAWAY after so many BadDeviceToken on one connection; Infinity for never. */
  readonly closeAfterBadTokens: number;
}

/** Apple looks at these before it looks at the credential. */
const BEFORE_CREDENTIAL: readonly ApnsAnswer[] = [
  'BadDeviceToken',
  'Unregistered',
  'Unregistered-long-ago',
  'ExpiredToken',
  'DeviceTokenNotForTopic',
];

type ApnsExchange = Exchange<ApnsMemory>;

export class ApnsRules implements VendorRules<ApnsMemory, PathReading> {
  readonly goAwayData = JSON.stringify({ reason: 'Shutdown' });
  readonly answerNames = [...Object.keys(APNS_ANSWERS), ACCEPTED];
  readonly unavailable = apnsUnavailable;
  readonly #turns = new Turns();
  readonly #authenticator: ApnsAuthenticator;
  readonly #bundleIds: readonly string[];

  constructor(
    readonly context: RuleContext,
    readonly options: ApnsRuleOptions,
  ) {
    const { environment } = options;
    const identity = context.material.apns;
    this.#bundleIds = [identity.bundleId, ...options.bundleIds];
    this.#authenticator = new ApnsAuthenticator({ identity, environment, now: context.now });
  }

  newMemory(): ApnsMemory {
    return newApnsMemory();
  }

  connected(connection: Connection<ApnsMemory>): void {
    const found = this.#authenticator.byCertificate(connection);
    if (found != null && 'topic' in found) this.#trust(connection);
  }

  tooManyRequests(retryAfterSeconds?: number): Reply {
    return apnsRefusal('TooManyRequests', retryAfterSeconds == null ? {} : { retryAfterSeconds });
  }

  reset(): void {
    this.#turns.clear();
  }

  read({ path }: ApnsExchange): Reading<PathReading> {
    const parsed = readPath(path);
    const tokens = 'token' in parsed ? [parsed.token] : [];
    return { tokens, endpoint: 'send', parsed };
  }

  decide(exchange: ApnsExchange, reading: Reading<PathReading>, forced?: string): Decision {
    const id = idFor(exchange);
    const reason = this.#refusalOf(exchange, reading.parsed, forced);
    const decision =
      reason == null
        ? this.#answer(exchange, reading.tokens[0] ?? '', id, forced)
        : refusal(reading.tokens, `refused:${reason}`, apnsRefusal(reason));
    return this.#withId(this.#minded(decision, exchange), id);
  }

  /** The first rule that is broken, in Apple's order. */
  #refusalOf(
    exchange: ApnsExchange,
    path: PathReading,
    forced: string | undefined,
  ): ApnsReason | undefined {
    const { method, headers, rawHeaders, connection, body } = exchange;
    const certificate = this.#authenticator.byCertificate(connection);
    const topic =
      textOf(headers['apns-topic']) ??
      (certificate != null && 'topic' in certificate ? certificate.topic : undefined);
    const hasCertificate = certificate != null;
    const pushType = textOf(headers['apns-push-type']) ?? '';
    const badHeader = checkHeaders({ method, headers, rawHeaders, topic, hasCertificate });
    if (badHeader != null) return badHeader;
    if ('reason' in path) return path.reason;
    if (this.#isForeign(path.token)) return 'BadDeviceToken';
    if (BEFORE_CREDENTIAL.includes((forced ?? apnsAnswerOf(path.token)) as ApnsAnswer)) {
      return undefined;
    }
    return (
      this.#checkCredential(exchange, certificate) ??
      checkTopic(topic ?? '', pushType, this.#topicsOf(certificate)) ??
      checkPayload(body, pushType)
    );
  }

  /** A token of the other environment is unknown here. */
  #isForeign(token: string): boolean {
    const answer = apnsAnswerOf(token);
    const isBound = answer === 'sandbox' || answer === 'production';
    return isBound && answer !== this.options.environment;
  }

  #checkCredential(
    { connection, headers }: ApnsExchange,
    certificate: { topic: string } | { reason: ApnsReason } | undefined,
  ): ApnsReason | undefined {
    if (certificate != null) return 'reason' in certificate ? certificate.reason : undefined;
    const reason = this.#authenticator.byToken(headers.authorization, connection.memory);
    if (reason == null) this.#trust(connection);
    return reason;
  }

  #topicsOf(
    certificate: { topic: string } | { reason: ApnsReason } | undefined,
  ): readonly string[] {
    return certificate != null && 'topic' in certificate ? [certificate.topic] : this.#bundleIds;
  }

  /** Until the first good credential a connection has one stream. */
  #trust(connection: Connection<ApnsMemory>): void {
    if (connection.memory.isTrusted) return;
    connection.memory.isTrusted = true;
    connection.allowStreams(this.options.maxConcurrentStreams);
  }

  #answer(exchange: ApnsExchange, token: string, id: string, forced?: string): Decision {
    const { now, retryAfterSeconds, slowMs } = this.context;
    const name = (forced ?? apnsAnswerOf(token)) as ApnsAnswer | undefined;
    const row = name == null ? undefined : APNS_ANSWERS[name];
    const answer = row != null && this.#turns.stands(token, row) ? row : undefined;
    const shows = shownBy(exchange);
    return decideByAnswer({
      name: name ?? ACCEPTED,
      answer,
      context: { now: now(), retryAfterSeconds },
      slowMs,
      yes: { status: 200, body: '' },
      recipients: [{ token, id, ...(shows == null ? {} : { shows }) }],
    });
  }

  /** Too many bad tokens make Apple hang up. */
  #minded(decision: Decision, { connection }: ApnsExchange): Decision {
    const { ending } = decision;
    if (ending.kind === 'reply' && ending.reply.body === BAD_DEVICE_TOKEN) {
      connection.memory.badTokens += 1;
      if (connection.memory.badTokens >= this.options.closeAfterBadTokens) {
        connection.goAway(BAD_DEVICE_TOKEN);
      }
    }
    return decision;
  }

  #withId(decision: Decision, id: string): Decision {
    const { ending } = decision;
    if (ending.kind !== 'reply') return decision;
    const { reply } = ending;
    const isSandbox = this.options.environment === 'sandbox' && reply.status === 200;
    const headers = {
      ...reply.headers,
      'apns-id': id,
      ...(isSandbox ? { 'apns-unique-id': randomUUID() } : {}),
    };
    return { ...decision, ending: { ...ending, reply: { ...reply, headers } } };
  }
}

const BAD_DEVICE_TOKEN = JSON.stringify({ reason: 'BadDeviceToken' });

const idFor = ({ headers }: ApnsExchange): string =>
  (hasValidId(headers) ? textOf(headers['apns-id']) : undefined) ?? randomUUID();

/** Background pushes show nothing; those with the same collapse id take each other's place. */
const shownBy = ({ headers }: ApnsExchange): Push['shows'] => {
  if (textOf(headers['apns-push-type']) !== 'alert') return undefined;
  const collapseId = textOf(headers['apns-collapse-id']);
  return collapseId == null ? {} : { replaces: collapseId };
};
