/** Makes a repeated creation harmless: what is created and its answer are written in one transaction. */
import { createHash } from 'node:crypto';
import type { Request } from 'express';
import type { ClientSession, Connection } from 'mongoose';
import { isDuplicateKey } from '../../models/duplicate-key.js';
import { idempotencyId, idempotencyModel } from '../../models/idempotency.js';
import { inTransaction } from '../../models/transaction.js';
import { problem } from '../problems.js';
import type { Answer } from '../route.js';
import type { RequestWithRawBody } from './json-body.js';

const KEY = /^[\x21-\x7e]{1,255}$/;

/** The caller's key, or undefined without the header. Throws IDEMPOTENCY_KEY_INVALID. */
export const idempotencyKeyOf = (req: Request): string | undefined => {
  const key = req.get('idempotency-key');
  if (key != null && !KEY.test(key)) {
    throw problem('IDEMPOTENCY_KEY_INVALID', {
      detail: 'Idempotency-Key must have 1 to 255 visible ASCII characters',
    });
  }
  return key;
};

export interface IdempotentRequest {
  readonly connection: Connection;
  /** Empty for the operator's own routes. */
  readonly app: string;
  readonly route: string;
  readonly key: string;
  readonly req: RequestWithRawBody;
  readonly now: Date;
}

const hashOf = (req: RequestWithRawBody): Buffer =>
  createHash('sha256')
    .update(`${req.originalUrl}\n`)
    .update(req.rawBody ?? '')
    .digest();

const replay = async (request: IdempotentRequest, id: string): Promise<Answer | undefined> => {
  const records = idempotencyModel(request.connection);
  if ((await records.exists({ _id: id })) == null) return undefined;
  // Somebody may still wait for the majority, or was told that there is none: what a replay tells must outlast a failover.
  const found = await records.findById(id).readConcern('linearizable');
  if (found == null) return undefined;
  if (!hashOf(request.req).equals(Buffer.from(found.requestHash))) {
    throw problem('IDEMPOTENCY_KEY_REUSED', {
      detail: 'Repeat the same request with this key, or take a new key',
    });
  }
  return {
    status: found.status ?? 200,
    ...(found.body == null ? {} : { body: JSON.parse(found.body) as unknown }),
    headers: { 'Idempotent-Replayed': 'true' },
  };
};

/**
 * Runs `create` in a transaction together with the record of its answer, or replays the answer of an earlier run.
 * `create` may run several times; only its last run is committed.
 */
export const createOnce = async (
  request: IdempotentRequest,
  create: (session: ClientSession) => Promise<Answer>,
): Promise<Answer> => {
  const { connection, now } = request;
  const records = idempotencyModel(connection);
  const id = idempotencyId(request.app, request.route, request.key);
  const earlier = await replay(request, id);
  if (earlier != null) return earlier;

  try {
    return await inTransaction(connection, async (session) => {
      // First of all: a twin meets the write conflict here, before it has created anything, and comes back until the
      // winner has committed; then it finds a duplicate.
      await records.create([{ _id: id, requestHash: hashOf(request.req), createdAt: now }], {
        session,
      });
      const answer = await create(session);
      const shown = answer.replayBody ?? answer.body;
      const body = shown === undefined ? {} : { body: JSON.stringify(shown) };
      await records.updateOne(
        { _id: id },
        { $set: { status: answer.status, ...body } },
        { session },
      );
      return answer;
    });
  } catch (error) {
    const winner = isDuplicateKey(error) ? await replay(request, id) : undefined;
    if (winner == null) throw error;
    return winner;
  }
};
