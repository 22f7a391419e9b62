/** What a caller may ask of a task's report. */
import joi from 'joi';
import type { DeliveryState } from '../../models/batch.js';
import { deliveryState } from './task-answers.js';
import { cursor, type Format, format, objectId, pageSize } from './values.js';

export interface DeliveriesQuery {
  state?: DeliveryState | 'pending';
  device?: string;
  token?: string;
  format?: Format;
  cursor?: string;
  limit: number;
}

export const deliveriesQuery = joi
  .object<DeliveriesQuery>({
    state: deliveryState.description(
      '`pending` lists what is still open; all final rows if absent',
    ),
    device: objectId,
    token: joi.string().max(4_096).description('Rows of the device with this token'),
    format,
    cursor: cursor.description('`nextCursor` of the page before; JSON only'),
    limit: pageSize(100, 1_000).description('Rows of a page; JSON only'),
  })
  .oxor('device', 'token');
