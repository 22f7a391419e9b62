/** The report of a task, row by row: what became of it on every device. */
import joi from 'joi';
import type { Types } from 'mongoose';
import type { DeliveryFilter, DeliveryRow } from '../../jobs/engine.js';
import { type Task, taskModel } from '../../models/task.js';
import { idCursor, readIdCursor } from '../cursor.js';
import { exportRows, formatOf } from '../export-rows.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Call, type Route, route } from '../route.js';
import { type DeliveriesQuery, deliveriesQuery } from '../schemas/deliveries.js';
import { deliveriesAnswer } from '../schemas/task-answers.js';
import { EXAMPLE_ROW } from '../schemas/task-examples.js';
import { taskParams } from '../schemas/tasks.js';
import { toObjectId } from '../schemas/values.js';
import { devicesOfToken } from '../token-devices.js';

type DeliveriesCall = Call<{ task: string }, DeliveriesQuery>;

const COLUMNS = [
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

const rowShown = (row: DeliveryRow) => ({
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

/** The devices asked for, or undefined for all. */
const devicesAskedFor = async (
  parts: ApiParts,
  { app, query }: DeliveriesCall,
): Promise<Types.ObjectId[] | undefined> => {
  if (query.device != null) return [toObjectId(query.device)];
  return query.token == null ? undefined : devicesOfToken(parts, app, query.token);
};

async function* rowsOf(
  { engine }: ApiParts,
  task: Task,
  filter: DeliveryFilter,
  devices: readonly Types.ObjectId[] | undefined,
): AsyncIterable<DeliveryRow> {
  if (devices == null) {
    yield* engine.deliveries(task, filter);
    return;
  }
  for (const device of devices) yield* engine.deliveries(task, { ...filter, device });
}

const pageOf = async (rows: AsyncIterable<DeliveryRow>, limit: number) => {
  const page: DeliveryRow[] = [];
  for await (const row of rows) {
    page.push(row);
    if (page.length > limit) break;
  }
  const items = page.slice(0, limit);
  const last = page.length > limit ? items.at(-1) : undefined;
  return { items: items.map(rowShown), nextCursor: last && idCursor(last.device) };
};

const listDeliveries = (parts: ApiParts): Route =>
  route<{ task: string }, DeliveriesQuery>({
    method: 'get',
    path: '/v1/tasks/:task/deliveries',
    id: 'listDeliveries',
    tag: 'tasks',
    summary: 'What became of a task on every device, by device id',
    description: 'JSON comes in pages; CSV and NDJSON come whole, as a stream.',
    params: taskParams,
    query: deliveriesQuery,
    answers: {
      200: {
        description: 'Rows',
        schema: deliveriesAnswer,
        example: { items: [EXAMPLE_ROW] },
        content: {
          'text/csv': { schema: joi.string(), example: `${COLUMNS.join(',')}\n` },
          'application/x-ndjson': {
            schema: joi.string(),
            example: `${JSON.stringify(EXAMPLE_ROW)}\n`,
          },
        },
      },
    },
    problems: ['NOT_ACCEPTABLE'],
    example: { query: { state: 'accepted', limit: '10' } },
    handle: async (call) => {
      const { app, params, query, req, res } = call;
      const format = formatOf(req, query.format);
      const task = await taskModel(parts.connection)
        .findOne({ _id: params.task, app: app._id })
        .lean<Task>();
      if (task == null) throw problem('NOT_FOUND');
      const devices = await devicesAskedFor(parts, call);
      const state = query.state == null ? {} : { state: query.state };
      if (format !== 'json') {
        const rows = rowsOf(parts, task, state, devices);
        await exportRows(res, { rows, shown: rowShown, columns: COLUMNS }, format);
        return undefined;
      }
      const after = query.cursor == null ? {} : { after: readIdCursor(query.cursor) };
      const filter = { ...state, ...after, limit: query.limit + 1 };
      return { status: 200, body: await pageOf(rowsOf(parts, task, filter, devices), query.limit) };
    },
  });

export const taskDeliveryRoutes = (parts: ApiParts): Route[] => [listDeliveries(parts)];
