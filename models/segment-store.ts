/** Saves, finds and removes segments, so that those that use each other always make sense together. */
import type { ClientSession, Connection, mongo } from 'mongoose';
import { dbOf } from './database.js';
import { ExpressionError } from './expression/expression.js';
import { expanded, segmentsIn } from './expression/segments.js';
import { MAX_SEGMENTS, type Segment } from './segment.js';
import { inTransaction } from './transaction.js';

export const segmentsOf = (db: mongo.Db): mongo.Collection<Segment> =>
  db.collection<Segment>('segments');

/** Others use it: it would mean nothing in them any more. */
export class SegmentInUse extends Error {
  override readonly name = 'SegmentInUse';
  constructor(readonly usedBy: readonly string[]) {
    super('Other segments use it');
  }
}

/** The change would make another segment unreadable. */
export class SegmentBreaksOther extends Error {
  override readonly name = 'SegmentBreaksOther';
  constructor(
    readonly other: string,
    cause: ExpressionError,
  ) {
    super(cause.message, { cause });
  }
}

export class TooManySegments extends Error {
  override readonly name = 'TooManySegments';
  constructor() {
    super(`An app has at most ${MAX_SEGMENTS} segments`);
  }
}

export const findSegments = (
  db: mongo.Db,
  app: string,
  session?: ClientSession,
): Promise<Segment[]> =>
  segmentsOf(db)
    .find({ app }, { sort: { name: 1 }, ...(session ? { session } : {}) })
    .toArray();

export const findSegment = (db: mongo.Db, app: string, name: string): Promise<Segment | null> =>
  segmentsOf(db).findOne({ _id: `${app}/${name}` });

/** Two that are changed at the same time could use each other: one waits for the other. */
const inTurn = <T>(
  connection: Connection,
  app: string,
  work: (session: ClientSession) => Promise<T>,
): Promise<T> =>
  inTransaction(connection, async (session) => {
    await dbOf(connection)
      .collection<{ _id: string; turns: number }>('segment_turns')
      .updateOne({ _id: app }, { $inc: { turns: 1 } }, { session, upsert: true });
    return work(session);
  });

type Named = Pick<Segment, 'name' | 'expression' | 'uses'>;

/** Those that use it, and those that use these, and so on. */
const dependantsOf = (name: string, all: readonly Named[]): Named[] => {
  const found = new Set<Named>();
  const waiting = [name];
  for (let next = waiting.pop(); next != null; next = waiting.pop()) {
    for (const one of all) {
      if (found.has(one) || !one.uses.includes(next)) continue;
      found.add(one);
      waiting.push(one.name);
    }
  }
  return [...found];
};

const check = (segment: Named, known: readonly Named[]): void => {
  const others = known.filter(({ name }) => name !== segment.name);
  if (others.length >= MAX_SEGMENTS) throw new TooManySegments();
  const byName = new Map([...others, segment].map(({ name, expression }) => [name, expression]));
  const lookup = (name: string) => byName.get(name);
  expanded(segment.expression, lookup, segment.name);
  for (const { name, expression } of dependantsOf(segment.name, others)) {
    try {
      expanded(expression, lookup, name);
    } catch (error) {
      throw error instanceof ExpressionError ? new SegmentBreaksOther(name, error) : error;
    }
  }
};

/** Rejects with ExpressionError, SegmentBreaksOther or TooManySegments. */
export const saveSegment = async (
  connection: Connection,
  given: Pick<Segment, 'app' | 'name' | 'expression' | 'description'>,
  now: Date,
): Promise<Segment> => {
  const { app, name, expression, description } = given;
  const uses = [...new Set(segmentsIn(expression).map((use) => use.name))];
  return inTurn(connection, app, async (session) => {
    const db = dbOf(connection);
    const known = await findSegments(db, app, session);
    check({ name, expression, uses }, known);
    const segment: Segment = {
      _id: `${app}/${name}`,
      ...{ app, name, expression, uses },
      ...(description == null ? {} : { description }),
      createdAt: known.find((one) => one.name === name)?.createdAt ?? now,
      updatedAt: now,
    };
    await segmentsOf(db).replaceOne({ _id: segment._id }, segment, { session, upsert: true });
    return segment;
  });
};

/** False when there is none. Rejects with SegmentInUse. */
export const removeSegment = (
  connection: Connection,
  app: string,
  name: string,
): Promise<boolean> =>
  inTurn(connection, app, async (session) => {
    const known = await findSegments(dbOf(connection), app, session);
    const users = known.filter(({ uses }) => uses.includes(name)).map((one) => one.name);
    if (users.length > 0) throw new SegmentInUse(users);
    const removed = await segmentsOf(dbOf(connection)).deleteOne(
      { _id: `${app}/${name}` },
      { session },
    );
    return removed.deletedCount > 0;
  });
