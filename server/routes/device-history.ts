/** What a device agreed to, how that came about, and what was sent to it. */
import type { DeliveryRow } from '../../jobs/engine.js';
import { dbOf } from '../../models/database.js';
import { changeConsent, consentHistory } from '../../models/device-changes.js';
import { readTaskCursor, taskCursor } from '../cursor.js';
import { deviceContext, deviceOf, isClient } from '../device-context.js';
import { deviceShown, recordShown } from '../device-shown.js';
import type { ApiParts } from '../parts.js';
import { presentedToken } from '../presented-token.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import {
  deviceAnswer,
  deviceDeliveriesAnswer,
  EXAMPLE_DEVICE,
  EXAMPLE_HISTORY,
  historyAnswer,
} from '../schemas/device-answers.js';
import {
  type ConsentBody,
  consentBody,
  deviceParams,
  type PageQuery,
  pageQuery,
} from '../schemas/devices.js';
import { EXAMPLE_ROW } from '../schemas/task-examples.js';
import { toObjectId } from '../schemas/values.js';

interface DeviceParams {
  device: string;
}

const putConsent = (parts: ApiParts): Route =>
  route<DeviceParams, unknown, ConsentBody>({
    method: 'put',
    path: '/v1/devices/:device/consent',
    id: 'changeConsent',
    tag: 'devices',
    summary: 'Record that a device has granted or withdrawn consent',
    description:
      'What is not named stays. The newest decision counts; one that arrives late only withdraws. A client key presents ' +
      "the device's token; with any other the device does not exist for it, and the answer has no body.",
    params: deviceParams,
    body: consentBody(parts.vendors.keys()),
    answers: {
      200: { description: 'The device', schema: deviceAnswer, example: EXAMPLE_DEVICE },
      204: { description: 'Recorded; a client key is told no more' },
    },
    example: { body: { push: 'denied', source: 'ios-settings' } },
    handle: async (call) => {
      const context = deviceContext(parts, call);
      const owner = presentedToken(parts, context.hashSecret, call);
      const { vendor: _vendor, profile: _profile, token: _token, ...change } = call.body;
      const id = toObjectId(call.params.device);
      const device = await changeConsent(context, id, change, owner);
      if (device == null) throw problem('NOT_FOUND');
      return isClient(call.caller) ? { status: 204 } : { status: 200, body: deviceShown(device) };
    },
  });

const listConsent = (parts: ApiParts): Route =>
  route<DeviceParams, PageQuery>({
    method: 'get',
    path: '/v1/devices/:device/consent',
    id: 'listConsent',
    tag: 'devices',
    summary: "The history of a device's consent, newest first",
    description: 'It outlives the device.',
    params: deviceParams,
    query: pageQuery,
    answers: {
      200: { description: 'One record a change', schema: historyAnswer, example: EXAMPLE_HISTORY },
    },
    handle: async ({ app, params, query: { cursor, limit } }) => {
      const device = toObjectId(params.device);
      const place = cursor == null ? undefined : readTaskCursor(cursor);
      const found = await consentHistory(
        dbOf(parts.connection),
        { app: app._id, device },
        {
          limit: limit + 1,
          ...(place == null ? {} : { before: { at: place.createdAt, id: place.id } }),
        },
      );
      // A device that has never been asked has no history, yet it exists.
      if (found.length === 0 && place == null) await deviceOf(parts, app._id, device);
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      const nextCursor = last && taskCursor({ createdAt: last.at, id: last._id });
      return { status: 200, body: { items: page.map(recordShown), nextCursor } };
    },
  });

const rowShown = ({
  task,
  state,
  reason,
  vendor,
  profile,
  vendorMessageId,
  attempts,
  at,
  freesAt,
}: DeliveryRow) => ({
  task: task.toHexString(),
  state,
  reason,
  vendor,
  profile,
  vendorMessageId,
  attempts,
  at,
  freesAt,
});

/** The next page begins before an instant, so a page ends where an instant does, unless it is all of one. */
const pageOfRows = (found: readonly DeliveryRow[], limit: number) => {
  const next = found[limit];
  if (next == null) return { page: found };
  const cut = found.findIndex(({ at }) => at?.getTime() === next.at?.getTime());
  const page = found.slice(0, cut > 0 ? cut : limit);
  const last = page.at(-1);
  return { page, nextCursor: last?.at && taskCursor({ createdAt: last.at, id: last.task }) };
};

const { device: _device, ...EXAMPLE_DELIVERY } = EXAMPLE_ROW;

const listDeliveries = (parts: ApiParts): Route =>
  route<DeviceParams, PageQuery>({
    method: 'get',
    path: '/v1/devices/:device/deliveries',
    id: 'listDeviceDeliveries',
    tag: 'devices',
    summary: 'What became of all tasks on a device, newest first',
    params: deviceParams,
    query: pageQuery,
    answers: {
      200: {
        description: 'Rows',
        schema: deviceDeliveriesAnswer,
        example: { items: [{ task: '5f0e6923a1b2c3d4e5f60718', ...EXAMPLE_DELIVERY }] },
      },
    },
    handle: async ({ app, params, query: { cursor, limit } }) => {
      const device = await deviceOf(parts, app._id, toObjectId(params.device));
      const found = await parts.engine.deviceDeliveries(device._id, {
        limit: limit + 1,
        ...(cursor == null ? {} : { before: readTaskCursor(cursor).createdAt }),
      });
      const { page, nextCursor } = pageOfRows(found, limit);
      return { status: 200, body: { items: page.map(rowShown), nextCursor } };
    },
  });

export const deviceHistoryRoutes = (parts: ApiParts): Route[] => [
  putConsent(parts),
  listConsent(parts),
  listDeliveries(parts),
];
