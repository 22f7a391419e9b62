/** Decides a request as FCM does: credential, project, schema, message, and then the token's own answer. */
import { ACCEPTED, decideByAnswer, refusal, Turns } from '../answers.js';
import {
  type Decision,
  type Exchange,
  htmlReply,
  jsonReply,
  type Push,
  type Reading,
  type Reply,
  type VendorRules,
} from '../exchange.js';
import type { RuleContext } from '../simulator.js';
import { fcmAnswerOf } from '../tokens.js';
import { FCM_ANSWERS, type FcmAnswer } from './answers.js';
import {
  fcmError,
  invalidArgument,
  quotaExceeded,
  schemaViolation,
  unauthenticated,
  unavailable,
} from './errors.js';
import { SEND_REQUEST, TARGETS } from './message.js';
import { OAUTH_ERRORS, type OAuthError, oauthRefusal, TOKEN_PATHS, TokenIssuer } from './oauth.js';
import { type Json, readBySchema } from './schema.js';
import { checkMessage } from './validate.js';

/** The parsed body; undefined when it is no JSON object. */
export type FcmParsed = Json | undefined;

export interface FcmRuleOptions {
  readonly expiresInSeconds: number;
  readonly packageName: string;
}

const SEND_PATH = /^\/v1\/projects\/([^/]+)\/messages:send$/;

const parseObject = (body: Buffer): FcmParsed => {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value != null && !Array.isArray(value)
      ? (value as Json)
      : undefined;
  } catch {
    return undefined;
  }
};

/** What a push is recorded under: the token, or a name for what is not one device. */
const recipientOf = (parsed: FcmParsed): string | undefined => {
  const message = parsed?.message as Json | null | undefined;
  for (const target of TARGETS) {
    const value = message?.[target];
    if (typeof value !== 'string') continue;
    if (target === 'topic') return `/topics/${value}`;
    return target === 'condition' ? `/conditions/${value}` : value;
  }
  return undefined;
};

/** A data message shows nothing; a notification with a tag takes the place of the last one with that tag. */
const shownBy = (message: Json): Push['shows'] => {
  const android = message.android as Json | undefined;
  const notification = android?.notification as Json | undefined;
  if (notification == null && message.notification == null) return undefined;
  const tag = notification?.tag;
  return typeof tag === 'string' ? { replaces: tag } : {};
};

export class FcmRules implements VendorRules<undefined, FcmParsed> {
  readonly goAwayData = '';
  readonly answerNames = [...Object.keys(FCM_ANSWERS), ...Object.keys(OAUTH_ERRORS), ACCEPTED];
  readonly tooManyRequests = quotaExceeded;
  readonly unavailable = unavailable;
  readonly #turns = new Turns();
  readonly #issuer: TokenIssuer;
  #messages = 0;

  constructor(
    readonly context: RuleContext,
    readonly options: FcmRuleOptions,
  ) {
    const { expiresInSeconds } = options;
    this.#issuer = new TokenIssuer({
      identity: context.material.fcm,
      now: context.now,
      expiresInSeconds,
    });
  }

  newMemory(): undefined {
    return undefined;
  }

  reset(): void {
    this.#turns.clear();
  }

  read({ path, body }: Exchange): Reading<FcmParsed> {
    if (TOKEN_PATHS.includes(path)) return { tokens: [], endpoint: 'token', parsed: undefined };
    const parsed = parseObject(body);
    const recipient = recipientOf(parsed);
    return { tokens: recipient == null ? [] : [recipient], endpoint: 'send', parsed };
  }

  decide(exchange: Exchange, reading: Reading<FcmParsed>, forced?: string): Decision {
    if (reading.endpoint === 'token') return this.#grant(exchange, forced);
    const refused = (rule: string, reply: Reply): Decision =>
      refusal(reading.tokens, `refused:${rule}`, reply);
    const project = SEND_PATH.exec(exchange.path)?.[1];
    if (project == null || exchange.method !== 'POST') {
      return refused('url', htmlReply(404, 'Not Found'));
    }
    const unauthorized = this.#refusalOfBearer(exchange.headers.authorization);
    if (unauthorized != null) return refused('UNAUTHENTICATED', unauthorized);
    const { fcm } = this.context.material;
    if (project !== fcm.projectId && project !== fcm.projectNumber) {
      return refused('NOT_FOUND', PROJECT_NOT_FOUND);
    }
    if (reading.parsed == null) return refused('json', NOT_JSON);
    if (!String(exchange.headers['content-type']).startsWith('application/json')) {
      return refused('content-type', NOT_JSON);
    }
    const read = readBySchema(SEND_REQUEST, reading.parsed);
    if ('violation' in read) {
      const { field, description } = read.violation;
      return refused(field, schemaViolation(field, description));
    }
    return this.#decideMessage(read.value, reading.tokens, forced);
  }

  #grant({ method, headers, body }: Exchange, forced?: string): Decision {
    const reply =
      method !== 'POST'
        ? htmlReply(404, 'Not Found')
        : forced != null && forced in OAUTH_ERRORS
          ? oauthRefusal(forced as OAuthError)
          : this.#issuer.grant(headers, body.toString());
    return { ending: { kind: 'reply', reply }, pushes: [] };
  }

  #refusalOfBearer(authorization: string | undefined): Reply | undefined {
    const [, token] = /^Bearer (\S+)$/.exec(authorization ?? '') ?? [];
    switch (this.#issuer.stateOf(token ?? '')) {
      case 'valid':
        return undefined;
      case 'expired':
        return unauthenticated('ACCESS_TOKEN_EXPIRED');
      case 'unknown':
        return unauthenticated();
    }
  }

  #decideMessage(request: Json, tokens: readonly string[], forced?: string): Decision {
    const message = request.message as Json | undefined;
    const fault =
      message == null
        ? { field: 'message', description: 'Message is not set.' }
        : checkMessage(message, this.options);
    if (fault != null || message == null) {
      const { field = '', description = '' } = fault ?? {};
      const reply =
        fault != null && 'bare' in fault
          ? fcmError({ status: 400, code: 'INVALID_ARGUMENT', message: description })
          : invalidArgument(field, description);
      return refusal(tokens, `refused:${field}`, reply);
    }
    return this.#answer(message, {
      token: tokens[0] ?? '',
      forced,
      isDryRun: request.validate_only === true,
    });
  }

  #answer(
    message: Json,
    { token, forced, isDryRun }: { token: string; forced: string | undefined; isDryRun: boolean },
  ): Decision {
    const { now, retryAfterSeconds, slowMs, material } = this.context;
    const name = (forced ?? fcmAnswerOf(token)) as FcmAnswer | undefined;
    const row = name == null ? undefined : FCM_ANSWERS[name];
    const answer = row != null && this.#turns.stands(token, row) ? row : undefined;
    const id = isDryRun ? 'fake_message_id' : this.#newId();
    const messageName = `projects/${material.fcm.projectId}/messages/${id}`;
    const shows = shownBy(message);
    const decision = decideByAnswer({
      name: name ?? ACCEPTED,
      answer,
      context: { now: now(), retryAfterSeconds },
      slowMs,
      yes: jsonReply(200, { name: messageName }),
      recipients: [{ token, id: messageName, ...(shows == null ? {} : { shows }) }],
    });
    return isDryRun ? dryRun(decision) : decision;
  }

  #newId(): string {
    this.#messages += 1;
    const suffix = this.#messages.toString(16).padStart(16, '0');
    return `0:${this.context.now()}000%${suffix}`;
  }
}

/** `validate_only`: answered as usual, but nobody gets it. */
const dryRun = ({ ending, pushes }: Decision): Decision => ({
  ending,
  pushes: pushes.map(({ token, answer, accepted }) => ({
    token,
    answer: accepted ? 'validate-only' : answer,
    accepted: false,
    delivered: false,
  })),
});

const PROJECT_NOT_FOUND = fcmError({
  status: 404,
  code: 'NOT_FOUND',
  message: 'Requested entity was not found.',
});

const NOT_JSON = fcmError({
  status: 400,
  code: 'INVALID_ARGUMENT',
  message: 'Invalid JSON payload received. Unexpected token.',
});
