/** A backend that wants its task sent: it repeats its request, with the same key if it has one, until it has an answer. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Row } from './row.js';

/** Of the task that the row is about. */
export const REFERENCE = 'the-row';

const ASK_AGAIN_MS = 100;
const ANSWER_WITHIN_MS = 120_000;

export interface Answer {
  readonly id: string;
  /** It is the answer to an earlier request with the same key. */
  readonly isReplay: boolean;
}

export interface Caller {
  /** Resolves with undefined when the gateway died or could not say whether the task is written. */
  ask(url: string): Promise<Answer | undefined>;
  /** Asks until there is an answer. */
  insist(url: string): Promise<Answer>;
}

export interface Wish extends Pick<Row, 'audience' | 'ifUnsure' | 'keyless'> {
  readonly reference?: string;
}

export const createCaller = (
  { audience, ifUnsure, keyless, reference = REFERENCE }: Wish,
  bearer: string,
  fleet: readonly { vendor: string; token: string }[],
): Caller => {
  const key = randomUUID();
  const tokens = fleet.map(({ vendor, token }) => ({ vendor, token }));
  const body = JSON.stringify({
    audience: audience === 'list' ? { tokens } : { all: true },
    message: { title: 'A row', body: 'of the table' },
    ifUnsure,
    reference,
  });
  const ask = async (url: string): Promise<Answer | undefined> => {
    const reply = await fetch(`${url}/v1/tasks`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${bearer}`,
        'content-type': 'application/json',
        ...(keyless ? {} : { 'idempotency-key': key }),
      },
      body,
    }).catch(() => undefined);
    if (reply == null) return undefined;
    if (reply.status >= 500) {
      const retryAfter = Number(reply.headers.get('retry-after'));
      if (reply.status === 503 && retryAfter > 0) return undefined;
      throw new Error(`The gateway answers ${reply.status}: ${await reply.text()}`);
    }
    const answer = (await reply.json()) as { id: string };
    if (reply.status !== 202) throw new Error(JSON.stringify(answer));
    return { id: answer.id, isReplay: reply.headers.get('idempotent-replayed') === 'true' };
  };
  return {
    ask,
    async insist(url) {
      const deadline = performance.now() + ANSWER_WITHIN_MS;
      for (;;) {
        const answer = await ask(url);
        if (answer != null) return answer;
        if (performance.now() > deadline) throw new Error('The gateway does not take the task');
        await pause(ASK_AGAIN_MS);
      }
    },
  };
};
