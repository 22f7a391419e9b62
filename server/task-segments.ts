/** Reads the expressions of a task, and puts what its segments stand for in their place: that is what the task keeps. */
import type { Connection } from 'mongoose';
import { dbOf } from '../models/database.js';
import { expanded, segmentsIn } from '../models/expression/segments.js';
import { findSegments } from '../models/segment-store.js';
import { unreadable } from './expression-check.js';
import type { AudienceRequest } from './schemas/audience.js';

type Expand = (field: string, expression: string) => Promise<string>;

/** Asks for the segments of the app when the first is used. */
const expander = (connection: Connection, app: string): Expand => {
  let known: Promise<Map<string, string>> | undefined;
  const load = async () =>
    new Map(
      (await findSegments(dbOf(connection), app)).map(({ name, expression }) => [name, expression]),
    );
  return async (field, expression) => {
    try {
      if (segmentsIn(expression).length === 0) return expression;
      known ??= load();
      const byName = await known;
      return expanded(expression, (name) => byName.get(name));
    } catch (error) {
      throw unreadable('EXPRESSION_INVALID', field, error);
    }
  };
};

/** Throws EXPRESSION_INVALID, which says where reading stopped. */
export const withSegments = async (
  connection: Connection,
  app: string,
  audience: AudienceRequest,
): Promise<AudienceRequest> => {
  if (!('where' in audience) && !('exclude' in audience)) return audience;
  const expand = expander(connection, app);
  const where = 'where' in audience ? await expand('audience.where', audience.where) : undefined;
  const excluded = 'exclude' in audience ? audience.exclude?.where : undefined;
  const others = excluded == null ? undefined : await expand('audience.exclude.where', excluded);
  return {
    ...audience,
    ...(where == null ? {} : { where }),
    ...(others == null || !('exclude' in audience)
      ? {}
      : { exclude: { ...audience.exclude, where: others } }),
  };
};
