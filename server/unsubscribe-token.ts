/**
 * The token of an unsubscribe link: an encrypted JWT (HMAC-SHA-256 over AES-CBC), since a link is read by mail servers and
 * proxies, and an account is nobody's business there. Nothing is stored for it.
 */

import { decodeProtectedHeader, EncryptJWT, errors, jwtDecrypt } from 'jose';
import { Types } from 'mongoose';
import { unsubscribeKey } from '../models/app-secrets.js';
import type { Unsubscription } from '../models/unsubscribe.js';

const KEY_MANAGEMENT = 'dir';
const ENCRYPTION = 'A128CBC-HS256';

interface Payload {
  /** A device's id in hex. */
  device?: string;
  account?: string;
  purpose?: string;
}

export interface TokenApp {
  readonly app: string;
  /** The app's, opened. */
  readonly hashSecret: Buffer;
}

export const sealToken = (
  { app, hashSecret }: TokenApp,
  { who, purpose }: Unsubscription,
  expiresAt: Date,
): Promise<string> => {
  const payload: Payload = {
    ...('account' in who ? { account: who.account } : { device: who.device.toHexString() }),
    ...(purpose == null ? {} : { purpose }),
  };
  return new EncryptJWT({ ...payload })
    .setProtectedHeader({ alg: KEY_MANAGEMENT, enc: ENCRYPTION, kid: app })
    .setExpirationTime(expiresAt)
    .encrypt(unsubscribeKey(hashSecret));
};

/** Which app a token says that it is of; `openToken` tells whether that is true. */
export const appNamedBy = (token: string): string | undefined => {
  try {
    const { kid } = decodeProtectedHeader(token);
    return typeof kid === 'string' ? kid : undefined;
  } catch {
    return undefined;
  }
};

const unsubscriptionOf = ({ device, account, purpose }: Payload): Unsubscription => ({
  who: account == null ? { device: new Types.ObjectId(device) } : { account },
  ...(purpose == null ? {} : { purpose }),
});

/** What it says, `expired`, or `invalid` for what this app has not made. */
export const openToken = async (
  { hashSecret }: TokenApp,
  token: string,
  now: Date,
): Promise<Unsubscription | 'expired' | 'invalid'> => {
  try {
    const { payload } = await jwtDecrypt<Payload>(token, unsubscribeKey(hashSecret), {
      keyManagementAlgorithms: [KEY_MANAGEMENT],
      contentEncryptionAlgorithms: [ENCRYPTION],
      requiredClaims: ['exp'],
      currentDate: now,
    });
    return unsubscriptionOf(payload);
  } catch (error) {
    if (error instanceof errors.JWTExpired) return 'expired';
    if (error instanceof errors.JOSEError) return 'invalid';
    throw error;
  }
};
