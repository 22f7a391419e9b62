/** What device and account routes take. */
import joi from 'joi';
import { MOST_BADGE } from '../../models/badge.js';
import type { ConsentChange } from '../../models/consent.js';
import type { DeviceFacts } from '../../models/device-facts.js';
import { DEFAULT_PROFILE } from '../../models/vendor-profile.js';
import type { PresentedBody } from '../presented-token.js';
import { accountName } from './audience.js';
import {
  appVersion,
  attributes,
  brand,
  consent,
  consentObject,
  installationId,
  locale,
  osVersion,
  platform,
  tag,
  tags,
  timeZone,
} from './device-facts.js';
import { quietWindow } from './quiet-hours.js';
import { cursor, objectId, pageSize, profileName } from './values.js';

const MAX_TOKEN_LENGTH = 4_096;
const MAX_PROOF_LENGTH = 8_192;

type VendorNames = Iterable<string>;

const vendorName = (vendors: VendorNames) => joi.string().valid(...vendors);
const token = joi.string().max(MAX_TOKEN_LENGTH).description('Held against the form of its vendor');

/** Null removes what is known. */
const facts = {
  account: accountName.allow(null),
  tags,
  locale: locale.allow(null),
  timeZone: timeZone.allow(null),
  appVersion: appVersion.allow(null),
  osVersion: osVersion.allow(null),
  brand: brand.allow(null),
  platform,
  attributes: attributes.allow(null),
  quietHours: quietWindow.allow(null),
};

export interface DeviceRequest extends DeviceFacts {
  vendor: string;
  profile: string;
  token: string;
  installationId?: string;
  consent?: ConsentChange;
}

const deviceFields = (vendors: VendorNames) => ({
  vendor: vendorName(vendors).required(),
  profile: profileName.default(DEFAULT_PROFILE),
  token: token.required(),
  installationId,
  ...facts,
  consent,
});

/** A line of an import. */
export const deviceRequest = (vendors: VendorNames) =>
  joi.object<DeviceRequest>(deviceFields(vendors));

export interface RegistrationBody extends DeviceRequest {
  previousToken?: string;
  accountProof?: string;
}

export const registrationBody = (vendors: VendorNames) =>
  joi
    .object<RegistrationBody>({
      ...deviceFields(vendors),
      previousToken: token.description(
        'The token this installation had before; a client key must show that it knows it',
      ),
      accountProof: joi
        .string()
        .max(MAX_PROOF_LENGTH)
        .description(
          'JWT (HS256, identity secret of the app) over `account`, `token`, `exp` (at most 24 hours ahead) and `iat`; a client key needs it to bind an account',
        ),
    })
    .with('previousToken', 'installationId')
    .with('accountProof', 'account');

export const deviceParams = joi.object<{ device: string }>({ device: objectId.required() });

export const devicePatch = joi.object<DeviceFacts>(facts).min(1);

export type ConsentBody = ConsentChange & PresentedBody;

/** By which a key inside an app shows whom it speaks for. */
const presented = (vendors: VendorNames) => ({
  vendor: vendorName(vendors).description('With `token`'),
  profile: profileName.default(DEFAULT_PROFILE),
  token: token.description("The device's token; a client key must present it"),
});

export const consentBody = (vendors: VendorNames) =>
  consentObject<ConsentBody>(presented(vendors)).and('vendor', 'token');

export interface BadgeBody extends PresentedBody {
  count: number;
}

export const badgeBody = (vendors: VendorNames) =>
  joi
    .object<BadgeBody>({
      count: joi.number().strict().integer().min(0).max(MOST_BADGE).required(),
      ...presented(vendors),
    })
    .and('vendor', 'token');

export interface DeviceListQuery {
  account?: string;
  tag?: string;
  token?: string;
  vendor?: string;
  cursor?: string;
  limit: number;
}

export const deviceListQuery = (vendors: VendorNames) =>
  joi
    .object<DeviceListQuery>({
      account: accountName,
      tag,
      token,
      vendor: vendorName(vendors),
      cursor,
      limit: pageSize(100, 1_000),
    })
    .xor('account', 'tag', 'token');

export interface PageQuery {
  cursor?: string;
  limit: number;
}

export const pageQuery = joi.object<PageQuery>({ cursor, limit: pageSize(100, 1_000) });

export const accountParams = joi.object<{ account: string }>({ account: accountName.required() });
