/** Small tasks that come all the while, also when the database is away: each is taken whole, or refused until later. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { apiClient } from '../../demo/api-client.js';
import { taskEnded } from '../support/fleet.js';
import { createCaller } from './caller.js';
import type { ArmedGateway } from './gateways.js';
import type { Stage } from './stage.js';

/** Often enough that some come whenever the database is away. */
const EVERY_MS = 150;
const END_WITHIN_MS = 60_000;
/** More would only wait for the same answers. */
const MOST = 60;

const LABEL = 'knock';

export interface Knocks {
  /** How many were asked for until now, and how many of them were taken at once. */
  readonly seen: { asked: number; taken: number; refused: number };
  /**
   * No more of them. Whoever was refused asks again; in the end there is one task for each, and it is complete.
   */
  settle(): Promise<void>;
}

/** They are for somebody without consent, so that no vendor hears of them. */
export const knockOn = ({ url }: ArmedGateway, stage: Stage): Knocks => {
  const { bearer, fleet, db } = stage;
  const [nobody] = fleet.filter(({ consents }) => !consents);
  if (nobody == null) throw new Error('Everybody consents');
  const seen = { asked: 0, taken: 0, refused: 0 };
  const callers: ReturnType<typeof createCaller>[] = [];
  const taken: string[] = [];
  const over = new AbortController();
  const label = `${LABEL}-${randomUUID()}`;

  const knock = async (): Promise<void> => {
    const caller = createCaller({ audience: 'list', ifUnsure: 'leave', reference: label }, bearer, [
      nobody,
    ]);
    callers.push(caller);
    seen.asked += 1;
    const answer = await caller.ask(url);
    if (answer == null) {
      seen.refused += 1;
      return;
    }
    seen.taken += 1;
    taken.push(answer.id);
  };
  const knockOnAndOn = async (): Promise<void> => {
    const answers: Promise<void>[] = [];
    while (!over.signal.aborted && answers.length < MOST) {
      const answer = knock();
      answer.catch(() => undefined);
      answers.push(answer);
      await pause(EVERY_MS);
    }
    await Promise.all(answers);
  };
  const all = knockOnAndOn();
  all.catch(() => undefined);

  return {
    seen,
    async settle() {
      over.abort();
      await all;
      const api = apiClient(url, bearer);
      const ids = await Promise.all(callers.map((caller) => caller.insist(url)));
      expect(ids.map(({ id }) => id)).to.include.members(taken);
      expect(new Set(ids.map(({ id }) => id)).size, 'tasks by key').to.equal(callers.length);
      const stored = await db.collection('tasks').countDocuments({ reference: label });
      expect(stored, 'stored tasks').to.equal(callers.length);
      const ended = await Promise.all(ids.map(({ id }) => taskEnded(api, id, END_WITHIN_MS)));
      for (const { counts } of ended) {
        expect(counts).to.include({ targeted: 1, suppressed: 1, pending: 0 });
      }
    },
  };
};
