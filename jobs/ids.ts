/** Device ids in the order of their bytes, which is MongoDB's. */
import { Types } from 'mongoose';

export const compareIds = (left: Types.ObjectId, right: Types.ObjectId): number =>
  Buffer.compare(left.id, right.id);

export const uniqueIds = (ids: readonly string[]): Types.ObjectId[] =>
  [...new Set(ids.map((id) => id.toLowerCase()))].map((id) => new Types.ObjectId(id));
