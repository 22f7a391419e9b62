/** What vendor routes take and answer; the settings themselves are each vendor's own schema. */
import joi from 'joi';
import type { Vendor } from '../../adapters/adapter.js';
import { profileName, shownInstant } from './values.js';

export interface VendorParams {
  app: string;
  vendor: string;
  profile: string;
}

/** Built for the vendors at hand: an unknown one names nothing. */
export const vendorParams = (vendors: Iterable<string>) =>
  joi.object<VendorParams>({
    app: joi.string().required(),
    vendor: joi
      .string()
      .valid(...vendors)
      .required(),
    profile: profileName.default('default'),
  });

export const probeQuery = joi.object<{ probe?: 'skip' }>({
  probe: joi.string().valid('skip').description('Store the settings without trying them'),
});

export const ratePerSecond = joi
  .number()
  .strict()
  .integer()
  .min(1)
  .max(1_000_000)
  .description('Devices a second that all processes together may send');

/** Stands beside a vendor's own settings. */
export const vendorRate = ratePerSecond
  .allow(null)
  .description(
    'Devices a second that all processes together may send with this profile; null for no limit. What the vendor declares ' +
      'for an ordinary account unless it is given',
  );

export const givenVendorRate = joi.object<{ ratePerSecond?: number | null }>({
  ratePerSecond: vendorRate,
});

/** Any fields here; the handler holds them against the vendor's own schema. */
export const anySettings = joi.object<Record<string, unknown>>().unknown(true);

/** Those schemas, for the document; a secret that is stored already may be left out. */
export const everySettings = (vendors: ReadonlyMap<string, Vendor>) =>
  joi
    .alternatives()
    .try(
      ...[...vendors].map(([name, { settings }]) =>
        settings.keys({ ratePerSecond: vendorRate }).description(`For ${name}`),
      ),
    );

const profileFields = {
  vendor: joi.string().required(),
  profile: joi.string().required(),
  settings: joi
    .object()
    .unknown(true)
    .required()
    .description('As stored; a secret that is set shows as `{"set": true}`'),
  ratePerSecond: vendorRate.required(),
  currentRatePerSecond: joi
    .number()
    .allow(null)
    .required()
    .description(
      'What is sent at most at present: a margin below the rate, less after the vendor complained and while it ramps up',
    ),
  revision: joi.number().integer().min(1).required(),
  updatedAt: shownInstant.required(),
};

const breaker = joi
  .object({
    state: joi
      .string()
      .valid('closed', 'open', 'half-open')
      .required()
      .description(
        '`open`: nothing is sent, and nothing is lost. `half-open`: one push asks again',
      ),
    reason: joi.string().description('What is wrong, and what to do about it'),
    since: shownInstant,
    nextProbeAt: shownInstant.description(
      'When one push asks again; a time that has passed: with the next push there is',
    ),
  })
  .required()
  .description('Whether pushes go through it; new settings close it within a second');

export const profileAnswer = joi.object({ ...profileFields, breaker });
export const profilesAnswer = joi.object({
  items: joi.array().items(profileAnswer).required(),
});
export const profileStoredAnswer = joi.object({
  ...profileFields,
  probe: joi
    .object({
      result: joi.string().valid('ok', 'unreachable', 'skipped').required(),
      reason: joi.string().description('Why the vendor could not be asked'),
    })
    .required(),
});
