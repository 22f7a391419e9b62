/** Turns whatever was thrown into a problem document; what was not thrown on purpose is told to the log only. */
import type { ErrorRequestHandler, Response } from 'express';
import { CampaignStateConflict, TaskRefused, TaskStateConflict } from '../../jobs/engine.js';
import { isMongoTrouble } from '../../models/mongo-trouble.js';
import type { Logger } from '../logger.js';
import { ProblemError, problem, problemDocument } from '../problems.js';
import { requestIdOf } from './request-id.js';

const RETRY_AFTER_SECONDS = '5';

/** What express, its router and its body parser throw: https://github.com/expressjs/body-parser#errors */
interface HttpFault {
  readonly type?: string;
  readonly limit?: number;
  /** Set by http-errors for faults of the caller. */
  readonly expose?: boolean;
}

const ofHttpFault = (error: HttpFault): ProblemError | undefined => {
  switch (error.type ?? '') {
    case 'entity.parse.failed':
      return problem('MALFORMED_JSON');
    case 'entity.too.large':
      return problem('BODY_TOO_LARGE', { detail: `At most ${error.limit} bytes are taken` });
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return problem('BODY_ENCODING_UNSUPPORTED', {
        detail: 'Send UTF-8, plain or with Content-Encoding gzip, deflate or br',
      });
    default:
      // A status alone proves nothing: errors of HTTP clients have one, too. The router throws plain URIErrors.
      return error.expose === true || error instanceof URIError
        ? problem('MALFORMED_REQUEST')
        : undefined;
  }
};

const ofTaskRefused = (error: TaskRefused): ProblemError =>
  problem(error.problems[0]?.code ?? 'MESSAGE_INVALID', {
    errors: error.problems.map(({ field, detail }) => ({ field, detail })),
  });

const ofStateConflict = (error: TaskStateConflict): ProblemError =>
  problem('TASK_STATE_CONFLICT', { detail: error.message, members: { state: error.state } });

const ofCampaignConflict = (error: CampaignStateConflict): ProblemError =>
  problem('CAMPAIGN_STATE_CONFLICT', { detail: error.message, members: { state: error.state } });

/** The problem that an error means; INTERNAL when it means nothing to a caller. */
export const problemOf = (error: unknown): ProblemError => {
  if (error instanceof ProblemError) return error;
  if (error instanceof TaskRefused) return ofTaskRefused(error);
  if (error instanceof TaskStateConflict) return ofStateConflict(error);
  if (error instanceof CampaignStateConflict) return ofCampaignConflict(error);
  if (isMongoTrouble(error)) {
    return problem('STORAGE_UNAVAILABLE', { headers: { 'Retry-After': RETRY_AFTER_SECONDS } });
  }
  return (
    (typeof error === 'object' && error != null ? ofHttpFault(error) : undefined) ??
    problem('INTERNAL')
  );
};

const sendProblem = (res: Response, error: ProblemError): void => {
  res
    .status(error.status)
    .set(error.options.headers ?? {})
    .type('application/problem+json')
    .send(JSON.stringify(problemDocument(error, requestIdOf(res))));
};

export const errorHandler =
  (logger: Logger): ErrorRequestHandler =>
  (error: unknown, req, res, _next) => {
    const answer = problemOf(error);
    if (answer.status >= 500) {
      logger.error('A request failed', {
        requestId: requestIdOf(res),
        method: req.method,
        // Not the path: it may name an account.
        route: (req.route as { path?: string } | undefined)?.path,
        code: answer.code,
        error,
      });
    }
    // Half an answer cannot be taken back: cutting the connection tells the caller that it is not whole.
    if (res.headersSent) res.destroy();
    else sendProblem(res, answer);
  };
