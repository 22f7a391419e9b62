/** Holds a row against the schema of a registration and the token against its vendor's. */
import type { RegistrationRequest } from '../../models/bulk-registration.js';
import { unfit } from '../middleware/json-fitness.js';
import { check } from '../middleware/validation.js';
import type { FieldError } from '../problems.js';
import { deviceRequest } from '../schemas/devices.js';
import { normaliseToken, usualPlatform, type Vendors } from '../vendor-token.js';

export type CheckedRow =
  | { readonly request: RegistrationRequest; readonly fault?: never }
  | { readonly request?: never; readonly fault: FieldError };

const UNNAMED: FieldError = { field: '', detail: 'Is not as it must be' };

export const rowCheck = (vendors: Vendors) => {
  const schema = deviceRequest(vendors.keys());
  return (value: unknown): CheckedRow => {
    const spoiled = unfit(value);
    if (spoiled) return { fault: spoiled };
    // Joi prepares our wording anew in each call, at twice the cost of the check: only a row at fault needs it.
    const checked = schema.validate(value);
    if (checked.error) return { fault: check(schema, value).errors?.[0] ?? UNNAMED };
    const row = checked.value;
    const normalised = normaliseToken(vendors, row);
    return normalised.fault
      ? { fault: normalised.fault }
      : {
          request: {
            ...row,
            token: normalised.token,
            ...usualPlatform(vendors, row.vendor),
          },
        };
  };
};
