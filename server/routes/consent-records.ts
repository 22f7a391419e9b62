/** The history of consent: of one device, or of all, in pages or as a whole. */
import joi from 'joi';
import {
  type ConsentRecord,
  consentHistory,
  consentRecordsOf,
} from '../../models/consent-record.js';
import { dbOf } from '../../models/database.js';
import { readTaskCursor, taskCursor } from '../cursor.js';
import { deviceOf } from '../device-context.js';
import { exportedRecord, RECORD_COLUMNS, recordCells, recordShown } from '../device-shown.js';
import { exportRows, formatOf } from '../export-rows.js';
import type { ApiParts } from '../parts.js';
import { type Route, route } from '../route.js';
import { appParams } from '../schemas/apps.js';
import {
  EXAMPLE_EXPORTED,
  EXAMPLE_RECORD,
  type HistoryQuery,
  historyAnswer,
  historyQuery,
  type RecordsQuery,
  recordsAnswer,
  recordsQuery,
} from '../schemas/consent-records.js';
import { deviceParams } from '../schemas/devices.js';
import { toObjectId } from '../schemas/values.js';

const STREAMED = {
  'text/csv': { schema: joi.string(), example: `${RECORD_COLUMNS.join(',')}\n` },
  'application/x-ndjson': {
    schema: joi.string(),
    example: `${JSON.stringify(EXAMPLE_EXPORTED)}\n`,
  },
};

const exported = (rows: AsyncIterable<ConsentRecord>) => ({
  rows,
  shown: exportedRecord,
  columns: RECORD_COLUMNS,
  cells: recordCells,
});

/** One more than a page tells that there is another. */
const stretchOf = ({ cursor, limit }: HistoryQuery) => {
  const place = cursor == null ? undefined : readTaskCursor(cursor);
  return {
    limit: limit + 1,
    ...(place == null ? {} : { after: { at: place.createdAt, id: place.id } }),
  };
};

const pageOf = async (rows: AsyncIterable<ConsentRecord>, limit: number) => {
  const found: ConsentRecord[] = [];
  for await (const row of rows) found.push(row);
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return { page, nextCursor: last && taskCursor({ createdAt: last.at, id: last._id }) };
};

const listOfDevice = (parts: ApiParts): Route =>
  route<{ device: string }, HistoryQuery>({
    method: 'get',
    path: '/v1/devices/:device/consent',
    id: 'listConsent',
    tag: 'devices',
    summary: "The history of a device's consent, newest first",
    description:
      'It outlives the device. JSON comes in pages; CSV and NDJSON come whole, as a stream.',
    params: deviceParams,
    query: historyQuery,
    answers: {
      200: {
        description: 'One record a change',
        schema: historyAnswer,
        example: { items: [EXAMPLE_RECORD] },
        content: STREAMED,
      },
    },
    problems: ['NOT_ACCEPTABLE'],
    handle: async ({ app, params, query, req, res }) => {
      const format = formatOf(req, query.format);
      const of = { app: app._id, device: toObjectId(params.device) };
      const db = dbOf(parts.connection);
      const { page, nextCursor } = await pageOf(
        consentHistory(db, of, stretchOf(query)),
        query.limit,
      );
      // A device that has never been asked has no history, yet it exists.
      if (page.length === 0 && query.cursor == null) await deviceOf(parts, app._id, of.device);
      if (format === 'json') {
        return { status: 200, body: { items: page.map(recordShown), nextCursor } };
      }
      await exportRows(res, exported(consentHistory(db, of, {})), format);
      return undefined;
    },
  });

const listOfApp = ({ connection }: ApiParts): Route =>
  route<unknown, RecordsQuery>({
    method: 'get',
    path: '/v1/apps/:app/consent-records',
    id: 'listConsentRecords',
    tag: 'consent',
    summary: 'The history of consent of all devices, oldest first',
    description:
      'For an archive of your own. JSON comes in pages; CSV and NDJSON come whole, as a stream. A change becomes visible up to ' +
      'a minute after its `at`: begin the next export a minute before the end of the last one, and tell records by their ids.',
    params: appParams,
    query: recordsQuery,
    answers: {
      200: {
        description: 'One record a change; they name devices and nobody else',
        schema: recordsAnswer,
        example: { items: [EXAMPLE_EXPORTED] },
        content: STREAMED,
      },
    },
    problems: ['NOT_ACCEPTABLE'],
    example: { query: { from: '2026-11-01T00:00:00Z', limit: '100' } },
    handle: async ({ app, query, req, res }) => {
      const format = formatOf(req, query.format);
      const { from, to, limit } = query;
      const db = dbOf(connection);
      const of = {
        app: app._id,
        ...(from == null ? {} : { from }),
        ...(to == null ? {} : { to }),
      };
      if (format !== 'json') {
        await exportRows(res, exported(consentRecordsOf(db, of, {})), format);
        return undefined;
      }
      const records = consentRecordsOf(db, of, stretchOf(query));
      const { page, nextCursor } = await pageOf(records, limit);
      return { status: 200, body: { items: page.map(exportedRecord), nextCursor } };
    },
  });

export const consentRecordRoutes = (parts: ApiParts): Route[] => [
  listOfDevice(parts),
  listOfApp(parts),
];
