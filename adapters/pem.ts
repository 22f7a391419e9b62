/** PEM in the settings of vendors: certificates that can be read, so that a wrong paste is not taken for a dead network. */
import { X509Certificate } from 'node:crypto';
import Joi, { type StringSchema } from 'joi';

/** Room for a whole bundle of authorities. */
const MAX_CHARACTERS = 262_144;

const BEGIN = /-----BEGIN /g;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
};

/** A block of another kind would be a key: it must not be kept where certificates are shown. */
const holdsOnlyCertificates = (text: string): boolean => {
  const blocks = text.match(CERTIFICATE) ?? [];
  const begun = text.match(BEGIN) ?? [];
  return blocks.length > 0 && blocks.length === begun.length && blocks.every(isCertificate);
};

/** One certificate or several, with any words between them. The error never repeats the value. */
export const certificatesPem = (): StringSchema =>
  Joi.string()
    .max(MAX_CHARACTERS)
    .custom((text: string, { error }) =>
      holdsOnlyCertificates(text) ? text : error('pem.certificates'),
    )
    .description('PEM of one certificate or several')
    .messages({ 'pem.certificates': '{{#label}} must be certificates in PEM, and nothing else' });
