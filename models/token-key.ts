/** Keyed hashes of tokens, installations, accounts, events and tags: they find without telling, and stay when the person has been erased. */
import { createHmac } from 'node:crypto';

const KEY_BYTES = 16;

const hash = (secret: Buffer, kind: string, parts: readonly string[]): Buffer => {
  const hmac = createHmac('sha256', secret).update(kind);
  for (const part of parts) hmac.update('\0').update(part);
  return hmac.digest().subarray(0, KEY_BYTES);
};

/** 16 bytes; the first 12 are the device id of a token that is not registered. */
export const tokenKey = (secret: Buffer, vendor: string, token: string): Buffer =>
  hash(secret, 'token', [vendor, token]);

export const installationKey = (secret: Buffer, vendor: string, installationId: string): Buffer =>
  hash(secret, 'installation', [vendor, installationId]);

export const accountKey = (secret: Buffer, account: string): Buffer =>
  hash(secret, 'account', [account]);

/** Of the id that a sender gives to an event. */
export const eventKey = (secret: Buffer, id: string): Buffer => hash(secret, 'event', [id]);

/** So that a tag which nobody has any more leaves no word behind. */
export const tagKey = (secret: Buffer, tag: string): Buffer => hash(secret, 'tag', [tag]);
