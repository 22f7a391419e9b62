/** The check of the books, page by page, for an operator who has no shell beside the database. */
import { booksOf } from '../../jobs/books/books.js';
import { checkBooks, type Stretch, UnknownPlace } from '../../jobs/books/check-books.js';
import { FINDING_KINDS } from '../../jobs/books/finding.js';
import { invalidCursor, placeCursor, readPlaceCursor } from '../cursor.js';
import type { ApiParts } from '../parts.js';
import { type Route, route } from '../route.js';
import { type BooksCheckRequest, booksCheckAnswer, booksCheckRequest } from '../schemas/books.js';
import { toObjectId } from '../schemas/values.js';

/** A campaign of many millions is counted by the command, which has no caller to keep waiting. */
const ROWS_WITHIN_MS = 20_000;
/** A page that has cost so much takes no further task: its caller waits, and so does the database. */
const PAGE_COST = { items: 500_000, withinMs: 10_000 } as const;

const EXAMPLE_FINDING = {
  kind: 'not-ended',
  level: 'wrong',
  app: 'shop',
  task: '6a1f0c2b9d3e4f5a6b7c8d9e',
  what: 'It is sending with nothing left to do',
  means: FINDING_KINDS['not-ended'].means,
  mendable: true,
  mended: 'It has ended now',
};

const stretchOf = async (
  { connection, adapters }: ApiParts,
  { app, task, since, fix, cursor, limit }: BooksCheckRequest,
): Promise<Stretch> => {
  try {
    return await checkBooks(
      booksOf(connection, { now: adapters.now, rowsWithinMs: ROWS_WITHIN_MS }),
      {
        filter: {
          ...(app == null ? {} : { app }),
          ...(task == null ? {} : { task: toObjectId(task) }),
          ...(since == null ? {} : { since }),
        },
        fix,
        limit,
        ...PAGE_COST,
        ...(cursor == null ? {} : { place: readPlaceCursor(cursor) }),
      },
    );
  } catch (error) {
    throw error instanceof UnknownPlace ? invalidCursor() : error;
  }
};

const checkRoute = (parts: ApiParts): Route =>
  route<unknown, unknown, BooksCheckRequest>({
    method: 'post',
    path: '/v1/books/check',
    id: 'checkBooks',
    tag: 'service',
    summary: 'Whether the counts of all tasks equal their rows, and nothing hangs',
    description:
      'Looks at a page of tasks, fewer where they are large; ask again with `nextCursor` until there is none. What may be right in the next moment is ' +
      'looked at again for up to half a minute before it is told. docs/books.md explains each kind of finding.',
    body: booksCheckRequest,
    answers: {
      200: {
        description: 'What was found in this page',
        schema: booksCheckAnswer,
        example: {
          findings: [EXAMPLE_FINDING],
          checked: { tasks: 50, batches: 61, rows: 70_412 },
          nextCursor: 'dGFza3M6NmExZjBjMmI5ZDNlNGY1YTZiN2M4ZDll',
        },
      },
    },
    example: { body: { app: 'shop', limit: 50 } },
    handle: async ({ body, log }) => {
      const { findings, tasks, batches, rows, next } = await stretchOf(parts, body);
      for (const finding of findings) log.warn('The books do not balance', { finding });
      const nextCursor = next && placeCursor(next);
      return { status: 200, body: { findings, checked: { tasks, batches, rows }, nextCursor } };
    },
  });

export const bookRoutes = (parts: ApiParts): Route[] => [checkRoute(parts)];
