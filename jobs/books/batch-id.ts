/** A batch's id and its 40 hex digits. */
import { mongo } from 'mongoose';

export const batchId = (hex: string): mongo.Binary => new mongo.Binary(Buffer.from(hex, 'hex'));

export const isSameId = (one: mongo.Binary, other: mongo.Binary): boolean =>
  one.toString('hex') === other.toString('hex');
