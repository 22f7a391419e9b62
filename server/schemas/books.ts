/** What a check of the books takes and answers. */
import joi from 'joi';
import { FINDING_KINDS } from '../../jobs/books/finding.js';
import { appId, cursor, instant, objectId, pageSize } from './values.js';

export interface BooksCheckRequest {
  readonly app?: string;
  readonly task?: string;
  readonly since?: Date;
  readonly fix: boolean;
  readonly cursor?: string;
  readonly limit: number;
}

export const booksCheckRequest = joi.object<BooksCheckRequest>({
  app: appId.description('Only tasks of this app'),
  task: objectId.description('Only this task'),
  since: instant.description('Only tasks created since then'),
  fix: joi.boolean().default(false).description('Mend what can be mended'),
  cursor,
  limit: pageSize(50, 200).description('Tasks in this page, at most'),
});

const count = joi.number().integer().min(0).required();

export const booksCheckAnswer = joi.object({
  findings: joi
    .array()
    .items(
      joi.object({
        kind: joi
          .string()
          .valid(...Object.keys(FINDING_KINDS))
          .required(),
        level: joi.string().valid('wrong', 'notice').required(),
        app: joi.string(),
        task: objectId,
        where: joi.string().description('A collection, or the id of a batch'),
        what: joi.string().required(),
        means: joi.string().required(),
        mendable: joi.boolean().required().description('`fix` may do something about it'),
        mended: joi.string().description('What was done about it'),
      }),
    )
    .required(),
  checked: joi.object({ tasks: count, batches: count, rows: count }).required(),
  nextCursor: joi.string().description('Absent when everything was looked at'),
});
