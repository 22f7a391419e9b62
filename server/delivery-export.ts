/** Streams a whole report as CSV or NDJSON, as fast as the caller reads it. */
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Response } from 'express';
import type { DeliveryRow } from '../jobs/engine.js';

export const COLUMNS = [
  'device',
  'state',
  'reason',
  'vendor',
  'profile',
  'vendorMessageId',
  'attempts',
  'at',
  'freesAt',
] as const;

export const rowShown = (row: DeliveryRow) => ({
  device: row.device.toHexString(),
  state: row.state,
  reason: row.reason,
  vendor: row.vendor,
  profile: row.profile,
  vendorMessageId: row.vendorMessageId,
  attempts: row.attempts,
  at: row.at?.toISOString(),
  freesAt: row.freesAt?.toISOString(),
});

const csv = (): Transform =>
  stringify({
    header: true,
    columns: [...COLUMNS],
    // A vendor's reason that begins with = + - @ must not become a formula in a spreadsheet.
    escape_formulas: true,
  });

/** Units of text that are written at once. */
const PIECE_LENGTH = 16 * 1024;

async function* lines(rows: AsyncIterable<DeliveryRow>): AsyncIterable<string> {
  let piece = '';
  for await (const row of rows) {
    piece += `${JSON.stringify(rowShown(row))}\n`;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

async function* shown(rows: AsyncIterable<DeliveryRow>) {
  for await (const row of rows) yield rowShown(row);
}

/** Resolves when everything is written, or the caller has hung up. */
export const exportDeliveries = async (
  res: Response,
  rows: AsyncIterable<DeliveryRow>,
  format: 'csv' | 'ndjson',
): Promise<void> => {
  res.status(200).type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson');
  try {
    if (format === 'csv') await pipeline(Readable.from(shown(rows)), csv(), res);
    else await pipeline(Readable.from(lines(rows)), res);
  } catch (error) {
    // Somebody who has heard enough is no fault.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
};
