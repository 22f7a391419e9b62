/** Streams whole lists as CSV or NDJSON, as fast as the caller reads them. */
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Request, Response } from 'express';
import { problem } from './problems.js';
import type { Format } from './schemas/values.js';

const FORMAT_BY_TYPE: Readonly<Record<string, Format>> = {
  'application/json': 'json',
  'text/csv': 'csv',
  'application/x-ndjson': 'ndjson',
};

/** What the query names, else what the header Accept does. Throws NOT_ACCEPTABLE. */
export const formatOf = (req: Request, format: Format | undefined): Format => {
  if (format != null) return format;
  const types = Object.keys(FORMAT_BY_TYPE);
  const accepted = FORMAT_BY_TYPE[req.accepts(types) || ''];
  if (accepted == null) throw problem('NOT_ACCEPTABLE', { detail: `Accept ${types.join(', ')}` });
  return accepted;
};

const csv = (columns: readonly string[]): Transform =>
  stringify({
    header: true,
    columns: [...columns],
    // A text of somebody else's that begins with = + - @ must not become a formula in a spreadsheet.
    escape_formulas: true,
  });

/** Units of text that are written at once. */
const PIECE_LENGTH = 16 * 1024;

async function* lines(rows: AsyncIterable<object>): AsyncIterable<string> {
  let piece = '';
  for await (const row of rows) {
    piece += `${JSON.stringify(row)}\n`;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

async function* mapped<Row, Shown>(
  rows: AsyncIterable<Row>,
  shown: (row: Row) => Shown,
): AsyncIterable<Shown> {
  for await (const row of rows) yield shown(row);
}

export interface Exported<Row> {
  readonly rows: AsyncIterable<Row>;
  /** A line of NDJSON. */
  readonly shown: (row: Row) => object;
  /** Of CSV; `cells` makes a line of it where `shown` does not. */
  readonly columns: readonly string[];
  readonly cells?: (row: Row) => object;
}

/** Resolves when everything is written, or the caller has hung up. */
export const exportRows = async <Row>(
  res: Response,
  { rows, shown, columns, cells = shown }: Exported<Row>,
  format: 'csv' | 'ndjson',
): Promise<void> => {
  res.status(200).type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson');
  try {
    if (format === 'csv') await pipeline(Readable.from(mapped(rows, cells)), csv(columns), res);
    else await pipeline(Readable.from(lines(mapped(rows, shown))), res);
  } catch (error) {
    // Somebody who has heard enough is no fault.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
};
