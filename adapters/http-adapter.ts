/** Turns a vendor's pure parts into an adapter: requests in flight, credentials, aborts and broken pipes are handled here, once. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type Origin,
  type Transport,
  TransportError,
  type TransportReply,
} from '../transport/transport.js';
import type { Adapter, Message, Outcome, Recall, Target } from './adapter.js';
import { CredentialInUse } from './credential-in-use.js';
import { isLate, LATE } from './late.js';

/** A request as data, without its credential. */
export interface VendorRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** The headers that prove who we are. */
export type CredentialHeaders = Readonly<Record<string, string>>;

/** Obtains and renews a credential. */
export interface Authorizer {
  /** Rejects with CredentialRefused when the credential itself is at fault; anything else counts as trouble on the way. */
  headers(): Promise<CredentialHeaders>;
  /** The vendor called these headers stale: make new ones next time. */
  drop(stale: CredentialHeaders): Promise<void>;
}

/** The vendor, or the key itself, says that this credential will not do. `detail` is for the operator. */
export class CredentialRefused extends Error {
  override readonly name = 'CredentialRefused';
  constructor(
    readonly reason: string,
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
  }
}

/** `read` answers this when one fresh credential and one repeat are worth a try. */
export interface StaleCredential {
  readonly kind: 'stale-credential';
  /** The outcome of each target if the repeat is answered like this again. */
  readonly otherwise: Outcome[];
  /** The old connection remembers the old credential (APNs): the repeat needs a new one. */
  readonly newConnection?: boolean;
}

export interface HttpVendorParts {
  readonly transport: Transport;
  readonly origin: Origin;
  readonly authorizer: Authorizer;
  /** A function where the kind of a message decides how many targets one request may have. */
  readonly targetsPerRequest: number | ((message: Message) => number);
  /** Requests of one `send` in flight at a time; the transport bounds what is on the wire. */
  readonly requestsInFlight?: number;
  readonly timeoutMs?: number;
  /** Composes what all targets share once, and returns what makes the request for some of them. No I/O. */
  compose(message: Message): (targets: readonly Target[]) => VendorRequest;
  /** The same for what takes a push back; its replies are read like those of a push. */
  readonly composeRecall?: (recall: Recall) => (targets: readonly Target[]) => VendorRequest;
  /** One outcome for each target. No I/O; never throws on a reply that parses. */
  read(reply: TransportReply, targets: readonly Target[]): Outcome[] | StaleCredential;
  close?(): Promise<void>;
}

const DEFAULT_REQUESTS_IN_FLIGHT = 500;
/** More would keep everybody else of this process waiting for milliseconds. */
const BEGUN_IN_A_TURN = 100;

const forAll = (targets: readonly Target[], outcome: Outcome): Outcome[] =>
  targets.map(() => outcome);

const unsent = (reason: string): Outcome => ({ kind: 'try-later', reason, cause: 'vendor' });

const forbidden = ({ message }: TransportError): Outcome => ({
  kind: 'account-refused',
  reason: 'endpoint-forbidden',
  detail: message,
});

/** Nothing was sent, because there was nothing to send it with. */
const outcomeWithoutCredential = (error: unknown): Outcome => {
  if (error instanceof CredentialRefused) {
    return { kind: 'account-refused', reason: error.reason, detail: error.detail };
  }
  if (error instanceof TransportError && error.fault === 'forbidden') return forbidden(error);
  return unsent('credential-unavailable');
};

const outcomeWithoutReply = (error: unknown): Outcome => {
  // A fault of ours in reading, for example: the vendor may have the push all the same.
  if (!(error instanceof TransportError)) {
    return { kind: 'try-later', reason: 'internal', cause: 'vendor', mayHaveArrived: true };
  }
  if (error.fault === 'forbidden') return forbidden(error);
  if (error.fault === 'late') return LATE;
  if (error.fault === 'invalid') {
    // It is never going to be sent as it is; the transport's words name the header, not its value.
    return { kind: 'message-refused', reason: 'request-invalid', detail: error.message };
  }
  return {
    kind: 'try-later',
    reason: error.fault,
    cause: 'vendor',
    ...(error.mayHaveArrived ? { mayHaveArrived: true } : {}),
  };
};

/** One listener for a whole send, and none left behind. */
const abortOf = (signal: AbortSignal) => {
  let forget = (): void => {};
  const aborted = new Promise<undefined>((resolve) => {
    const listener = (): void => resolve(undefined);
    if (signal.aborted) listener();
    else signal.addEventListener('abort', listener, { once: true });
    forget = () => signal.removeEventListener('abort', listener);
  });
  return { aborted, forget };
};

interface Sending {
  readonly requestFor: (targets: readonly Target[]) => VendorRequest;
  readonly credential: CredentialInUse;
  readonly signal: AbortSignal;
  readonly sendBefore?: number;
}

interface Composed extends Pick<Sending, 'requestFor' | 'sendBefore'> {
  readonly perRequest: number;
}

export const httpAdapter = (parts: HttpVendorParts): Adapter => {
  const { transport, origin } = parts;
  const timeout = parts.timeoutMs == null ? {} : { timeoutMs: parts.timeoutMs };
  /** Hundreds of requests may learn at once that a credential is stale; one of them replaces the connection. */
  let renewedAfter: string | undefined;

  const renewConnection = (stale: CredentialHeaders): void => {
    const credential = JSON.stringify(stale);
    if (renewedAfter === credential) return;
    renewedAfter = credential;
    transport.renew(origin);
  };

  const exchange = async (
    sending: Sending,
    targets: readonly Target[],
    isRepeat = false,
  ): Promise<Outcome[]> => {
    const { credential, signal } = sending;
    let proof = credential.known;
    if (proof == null) {
      try {
        proof = await credential.headers();
      } catch (error) {
        return forAll(targets, outcomeWithoutCredential(error));
      }
    }
    if (proof == null || signal.aborted) return forAll(targets, unsent('aborted'));

    if (isLate(sending)) return forAll(targets, LATE);

    const { path, headers, body } = sending.requestFor(targets);
    let answer: Outcome[] | StaleCredential;
    try {
      const reply = await transport.request(origin, {
        path,
        headers: credential.mergedInto(headers, proof),
        body,
        signal,
        ...(sending.sendBefore === undefined ? {} : { sendBefore: sending.sendBefore }),
        ...timeout,
      });
      answer = parts.read(reply, targets);
    } catch (error) {
      return forAll(targets, outcomeWithoutReply(error));
    }
    if (Array.isArray(answer)) return answer;
    if (isRepeat) return answer.otherwise;
    credential.drop(proof);
    if (answer.newConnection) renewConnection(proof);
    return exchange(sending, targets, true);
  };

  const sendAll = async (
    { requestFor, perRequest, sendBefore }: Composed,
    targets: readonly Target[],
    signal: AbortSignal,
    onOutcome?: (index: number, outcome: Outcome) => void,
  ): Promise<Outcome[]> => {
    const { aborted, forget } = abortOf(signal);
    const credential = new CredentialInUse(parts.authorizer, aborted);
    const sending: Sending = {
      requestFor,
      credential,
      signal,
      ...(sendBefore === undefined ? {} : { sendBefore }),
    };
    const outcomes: Outcome[] = new Array<Outcome>(targets.length);
    let next = 0;
    const sendSome = async (): Promise<void> => {
      while (next < targets.length) {
        const start = next;
        next += perRequest;
        const some = targets.slice(start, next);
        const answered = signal.aborted
          ? forAll(some, unsent('aborted'))
          : await exchange(sending, some);
        answered.forEach((outcome, offset) => {
          outcomes[start + offset] = outcome;
          onOutcome?.(start + offset, outcome);
        });
      }
    };

    const requests = Math.ceil(targets.length / perRequest);
    const workers = Math.min(requests, parts.requestsInFlight ?? DEFAULT_REQUESTS_IN_FLIGHT);
    try {
      let turn: Promise<void> | undefined;
      await Promise.all(
        Array.from({ length: workers }, (_, number) => {
          if (number > 0 && number % BEGUN_IN_A_TURN === 0) {
            turn = (turn ?? Promise.resolve()).then(() => nextTurn());
          }
          return turn == null ? sendSome() : turn.then(sendSome);
        }),
      );
    } finally {
      forget();
    }
    return outcomes;
  };

  const { targetsPerRequest, composeRecall } = parts;
  const composed = (message: Message, requestFor: Sending['requestFor']): Composed => ({
    requestFor,
    perRequest:
      typeof targetsPerRequest === 'number' ? targetsPerRequest : targetsPerRequest(message),
    ...(message.sendBefore === undefined ? {} : { sendBefore: message.sendBefore }),
  });
  /** A message that is sent as its permits allow comes many times, with a few targets each. */
  const known = new WeakMap<Message, Composed>();
  const composedOf = (message: Message): Composed => {
    let made = known.get(message);
    if (made == null) {
      made = composed(message, parts.compose(message));
      known.set(message, made);
    }
    return made;
  };
  const recall: Pick<Adapter, 'recall'> =
    composeRecall == null
      ? {}
      : {
          recall: (given, ...rest) =>
            sendAll(composed(given.message, composeRecall(given)), ...rest),
        };
  return {
    async ready() {
      await Promise.allSettled([parts.authorizer.headers(), transport.ready(origin)]);
    },
    send: (message, ...rest) => sendAll(composedOf(message), ...rest),
    ...recall,
    ...(parts.close ? { close: parts.close.bind(parts) } : {}),
  };
};
