/** A device has one row of a task. Whatever is reported of it once more, the row that was written first holds. */
import type { mongo } from 'mongoose';
import { type Counts, countKey } from '../models/batch.js';
import { type Delivery, deliveries } from '../models/delivery.js';
import type { BatchReport } from './writes.js';

type Held = Pick<Delivery, '_id' | 's' | 'r'>;

const countedAs = ({ s, r }: Held): string => countKey(s, s === 'accepted' ? undefined : r);

const idText = ({ _id }: Held): string => _id.toString('hex');

const storedRows = async (
  db: mongo.Db,
  { deliveriesIn, rows }: Pick<BatchReport, 'deliveriesIn' | 'rows'>,
): Promise<Held[]> =>
  deliveries(db, deliveriesIn)
    .find(
      { _id: { $in: rows.map(({ _id }) => _id) } },
      { projection: { s: 1, r: 1 }, readConcern: { level: 'majority' } },
    )
    .toArray();

/** The same report without rows that there are already; its counts say what those rows say. */
export const keepFirstRows = async (db: mongo.Db, report: BatchReport): Promise<BatchReport> => {
  const first = new Map((await storedRows(db, report)).map((row) => [idText(row), row]));
  const counts: Counts = { ...report.counts };
  const rows: Delivery[] = [];
  const count = (row: Held, change: 1 | -1): void => {
    const key = countedAs(row);
    counts[key] = (counts[key] ?? 0) + change;
    if (counts[key] === 0) delete counts[key];
  };
  for (const row of report.rows) {
    const held = first.get(idText(row));
    if (held == null) {
      first.set(idText(row), row);
      rows.push(row);
      continue;
    }
    count(row, -1);
    count(held, 1);
  }
  return { ...report, rows, counts };
};
