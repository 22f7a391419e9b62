/** Reads many documents, decoded in pieces between which others have their turns. */
import type { mongo } from 'mongoose';
import { PIECE, type Priority } from './priority.js';

/** Decoding is what takes the time, and the driver leaves it until a document is asked for. */
export const readInPieces = async <Found>(
  cursor: mongo.FindCursor<Found>,
  { giveWay }: Pick<Priority, 'giveWay'>,
): Promise<Found[]> => {
  const found: Found[] = [];
  cursor.batchSize(PIECE);
  try {
    while (await cursor.hasNext()) {
      await giveWay();
      found.push(...cursor.readBufferedDocuments());
    }
  } finally {
    await cursor.close();
  }
  return found;
};
