/** The number on a device's icon, to which `badge: '+1'` of a message adds. */
import { badgeOf, setBadges } from '../../models/badge.js';
import { dbOf } from '../../models/database.js';
import { belongsTo } from '../../models/device-changes.js';
import { deviceContext, deviceOf } from '../device-context.js';
import type { ApiParts } from '../parts.js';
import { presentedToken } from '../presented-token.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import { badgeAnswer } from '../schemas/device-answers.js';
import { type BadgeBody, badgeBody, deviceParams } from '../schemas/devices.js';
import { toObjectId } from '../schemas/values.js';

interface DeviceParams {
  device: string;
}

const getBadge = (parts: ApiParts): Route =>
  route<DeviceParams>({
    method: 'get',
    path: '/v1/devices/:device/badge',
    id: 'getBadge',
    tag: 'devices',
    summary: "The number on a device's icon, as far as it was counted here",
    params: deviceParams,
    answers: { 200: { description: 'The number', schema: badgeAnswer, example: { count: 3 } } },
    handle: async ({ app, params }) => {
      const { _id } = await deviceOf(parts, app._id, toObjectId(params.device));
      return { status: 200, body: { count: await badgeOf(dbOf(parts.connection), _id) } };
    },
  });

const putBadge = (parts: ApiParts): Route =>
  route<DeviceParams, unknown, BadgeBody>({
    method: 'put',
    path: '/v1/devices/:device/badge',
    id: 'setBadge',
    tag: 'devices',
    summary: "Say what number is on a device's icon",
    description:
      "The app says 0 when it was opened, and the next `+1` makes it 1. A client key presents the device's token; with any " +
      'other the device does not exist for it.',
    params: deviceParams,
    body: badgeBody(parts.vendors.keys()),
    answers: { 204: { description: 'Counting goes on from there' } },
    example: { body: { count: 0 } },
    handle: async (call) => {
      const { app, connection, hashSecret, now } = deviceContext(parts, call);
      const owner = presentedToken(parts, hashSecret, call);
      const device = await deviceOf(parts, app, toObjectId(call.params.device));
      if (owner != null && !belongsTo(device, owner)) throw problem('NOT_FOUND');
      const { count } = call.body;
      await setBadges(dbOf(connection), [device._id], { app, count, at: now });
      return { status: 204 };
    },
  });

export const deviceBadgeRoutes = (parts: ApiParts): Route[] => [getBadge(parts), putBadge(parts)];
