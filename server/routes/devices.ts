/** Devices: registered, found, changed and erased. */
import { dbOf } from '../../models/database.js';
import { AccountSuppressed, changeFacts, TooManyAttributes } from '../../models/device-changes.js';
import type { DeviceFacts } from '../../models/device-facts.js';
import { findDevices } from '../../models/device-queries.js';
import { LimitReached } from '../../models/limits.js';
import { tokenKey } from '../../models/token-key.js';
import { readIdCursor } from '../cursor.js';
import { deviceContext, deviceOf } from '../device-context.js';
import { deviceShown, devicesPage } from '../device-shown.js';
import { limitProblem } from '../limit-problem.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { createRegistrar, type Registrar } from '../registrar.js';
import { register, tooManyAttributes } from '../registration.js';
import { type Route, route } from '../route.js';
import {
  deviceAnswer,
  deviceErasedAnswer,
  devicesAnswer,
  EXAMPLE_DEVICE,
  registeredAnswer,
} from '../schemas/device-answers.js';
import {
  type DeviceListQuery,
  deviceListQuery,
  deviceParams,
  devicePatch,
  type RegistrationBody,
  registrationBody,
} from '../schemas/devices.js';
import { toObjectId } from '../schemas/values.js';
import { normaliseToken } from '../vendor-token.js';

interface DeviceParams {
  device: string;
}

const registerDevice = (parts: ApiParts, registrar: Registrar): Route =>
  route<unknown, unknown, RegistrationBody>({
    method: 'put',
    path: '/v1/devices',
    id: 'registerDevice',
    tag: 'devices',
    summary: 'Register a token, or say something new about its device',
    description:
      'The same token is the same device; the same installationId keeps id, consent and tags under a new token. ' +
      'Another account resets consent unless this request grants it. A client key registers the token it presents: it ' +
      'sets no tags and no attributes, binds an account only with accountProof, and takes an installation over only with previousToken.',
    body: registrationBody(parts.vendors.keys()),
    answers: {
      200: {
        description: 'The device',
        schema: registeredAnswer,
        example: { id: EXAMPLE_DEVICE.id },
      },
    },
    problems: ['SUPPRESSED', 'LIMIT_REACHED', 'ACCOUNT_PROOF_INVALID'],
    example: {
      body: {
        vendor: 'sandbox',
        token: 'sandbox-example-1042',
        installationId: 'example-installation-1042',
        account: 'customer-1042',
        tags: ['vip', 'beta'],
        locale: 'de-DE',
        timeZone: 'Europe/Berlin',
        appVersion: '4.2.0',
        osVersion: '17.1',
        platform: 'android',
        attributes: { level: 12, plan: 'gold', renewsAt: '2027-01-31' },
        consent: { push: 'granted', purposes: { marketing: 'denied' }, source: 'onboarding' },
      },
    },
    handle: async (call) => ({ status: 200, body: { id: await register(parts, registrar, call) } }),
  });

/** The hashes under which a token may be known: its vendor need not be named. */
const keysOfToken = (
  { vendors }: ApiParts,
  hashSecret: Buffer,
  { vendor, token }: { vendor?: string; token: string },
): Buffer[] =>
  (vendor == null ? [...vendors.keys()] : [vendor]).flatMap((name) => {
    const normalised = normaliseToken(vendors, { vendor: name, token }).token;
    return normalised == null ? [] : [tokenKey(hashSecret, name, normalised)];
  });

const listDevices = (parts: ApiParts): Route =>
  route<unknown, DeviceListQuery>({
    method: 'get',
    path: '/v1/devices',
    id: 'listDevices',
    tag: 'devices',
    summary: 'Devices of an account, with a tag, or with a token',
    query: deviceListQuery(parts.vendors.keys()),
    answers: {
      200: {
        description: 'The devices, by id',
        schema: devicesAnswer,
        example: { items: [EXAMPLE_DEVICE] },
      },
    },
    example: { query: { tag: 'vip', limit: '10' } },
    handle: async (call) => {
      const { token, cursor, limit, ...filter } = call.query;
      const { app, connection, hashSecret } = deviceContext(parts, call);
      const named = { token: token ?? '', ...(filter.vendor ? { vendor: filter.vendor } : {}) };
      const tokenKeys = token == null ? {} : { tokenKeys: keysOfToken(parts, hashSecret, named) };
      const found = await findDevices(
        dbOf(connection),
        app,
        { ...filter, ...tokenKeys },
        { limit: limit + 1, ...(cursor == null ? {} : { after: readIdCursor(cursor) }) },
      );
      return { status: 200, body: devicesPage(found, limit) };
    },
  });

const getDevice = (parts: ApiParts): Route =>
  route<DeviceParams>({
    method: 'get',
    path: '/v1/devices/:device',
    id: 'getDevice',
    tag: 'devices',
    summary: 'A device',
    params: deviceParams,
    answers: { 200: { description: 'The device', schema: deviceAnswer, example: EXAMPLE_DEVICE } },
    handle: async ({ app, params }) => ({
      status: 200,
      body: deviceShown(await deviceOf(parts, app._id, toObjectId(params.device))),
    }),
  });

const patchDevice = (parts: ApiParts): Route =>
  route<DeviceParams, unknown, DeviceFacts>({
    method: 'patch',
    path: '/v1/devices/:device',
    id: 'changeDevice',
    tag: 'devices',
    summary: 'Change what is known about a device',
    description:
      'Null removes a value. Attributes that are not named stay. Another account resets consent.',
    params: deviceParams,
    body: devicePatch,
    answers: { 200: { description: 'The device', schema: deviceAnswer, example: EXAMPLE_DEVICE } },
    problems: ['SUPPRESSED', 'LIMIT_REACHED'],
    example: { body: { tags: ['vip'], appVersion: '4.2.1', attributes: { level: 13 } } },
    handle: async (call) => {
      const id = toObjectId(call.params.device);
      const context = deviceContext(parts, call);
      try {
        const device = await changeFacts(context, id, call.body);
        if (device == null) throw problem('NOT_FOUND');
        return { status: 200, body: deviceShown(device) };
      } catch (error) {
        if (error instanceof TooManyAttributes) throw tooManyAttributes();
        if (error instanceof LimitReached) throw limitProblem(error.limited, context);
        if (!(error instanceof AccountSuppressed)) throw error;
        throw problem('SUPPRESSED', {
          errors: [{ field: 'account', detail: 'Must opt in again by a registration' }],
        });
      }
    },
  });

const deleteDevice = ({ engine }: ApiParts): Route =>
  route<DeviceParams>({
    method: 'delete',
    path: '/v1/devices/:device',
    id: 'eraseDevice',
    tag: 'devices',
    summary: 'Erase a device',
    description:
      'Its token and its installation go on the suppression list: nobody pushes to it, and no import brings it back, until a ' +
      'registration grants consent anew. The history of its consent stays, without token or account. Answers when no push ' +
      'to it is on its way any more, or after 20 seconds.',
    params: deviceParams,
    answers: {
      202: {
        description:
          'It is erased, but a vendor is slow: a push that was on its way may still arrive',
        schema: deviceErasedAnswer,
        example: { mayStillArrive: true },
      },
      204: { description: 'It is erased, and nothing is on its way to it' },
    },
    handle: async ({ app, params }) => {
      const { devices, mayStillArrive } = await engine.erase(app._id, {
        device: toObjectId(params.device),
      });
      if (devices === 0) throw problem('NOT_FOUND');
      return mayStillArrive ? { status: 202, body: { mayStillArrive } } : { status: 204 };
    },
  });

export const deviceRoutes = (parts: ApiParts): Route[] => [
  registerDevice(parts, createRegistrar()),
  listDevices(parts),
  getDevice(parts),
  patchDevice(parts),
  deleteDevice(parts),
];
