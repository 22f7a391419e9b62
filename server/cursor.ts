/** Cursors of lists: where the page before ended, in a form that callers do not take apart. */
import { Types } from 'mongoose';
import { problem } from './problems.js';

/** The sort key of a task list, newest first. */
export interface TaskPosition {
  readonly createdAt: Date;
  readonly id: Types.ObjectId;
}

const TASK_CURSOR = /^(\d{1,15})\.([0-9a-f]{24})$/;
const ID = /^[0-9a-f]{24}$/;

const encode = (text: string): string => Buffer.from(text).toString('base64url');
const decode = (cursor: string): string => Buffer.from(cursor, 'base64url').toString('latin1');

export const invalidCursor = () =>
  problem('VALIDATION_FAILED', {
    errors: [{ field: 'cursor', detail: 'Must be the nextCursor of another page' }],
  });

export const taskCursor = ({ createdAt, id }: TaskPosition): string =>
  encode(`${createdAt.getTime()}.${id.toHexString()}`);

/** Throws VALIDATION_FAILED. */
export const readTaskCursor = (cursor: string): TaskPosition => {
  const [, ms, id] = TASK_CURSOR.exec(decode(cursor)) ?? [];
  if (ms == null || id == null) throw invalidCursor();
  return { createdAt: new Date(Number(ms)), id: new Types.ObjectId(id) };
};

export const idCursor = (id: Types.ObjectId): string => encode(id.toHexString());

/** Throws VALIDATION_FAILED. */
export const readIdCursor = (cursor: string): Types.ObjectId => {
  const id = decode(cursor);
  if (!ID.test(id)) throw invalidCursor();
  return new Types.ObjectId(id);
};

/** Where a check of the books goes on. */
export const placeCursor = (place: string): string => encode(place);

/** Whether there is such a place is for the check to say. */
export const readPlaceCursor = (cursor: string): string => decode(cursor);

export const keyCursor = (key: Uint8Array): string => Buffer.from(key).toString('base64url');

/** Any bytes will do: the page begins behind them. */
export const readKeyCursor = (cursor: string): Buffer => Buffer.from(cursor, 'base64url');

export const nameCursor = (name: string): string => encode(name);

/** Any text will do: the page begins behind it. */
export const readNameCursor = (cursor: string): string =>
  Buffer.from(cursor, 'base64url').toString('utf8');

const MS = /^\d{1,15}$/;

export const instantCursor = (at: Date): string => encode(String(at.getTime()));

/** Throws VALIDATION_FAILED. */
export const readInstantCursor = (cursor: string): Date => {
  const ms = decode(cursor);
  if (!MS.test(ms)) throw invalidCursor();
  return new Date(Number(ms));
};
