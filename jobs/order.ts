/** Puts devices into an order that a salt alone decides: the same whoever asks, whenever, and no other tells from it. */
import { createHash } from 'node:crypto';

/** From 0 to below 1, evenly. */
export type Order = (device: { readonly id: Uint8Array }) => number;

const BYTES = 6;

export const orderBy =
  (salt: string): Order =>
  ({ id }) =>
    createHash('sha256').update(id).update(salt).digest().readUIntBE(0, BYTES) / 256 ** BYTES;
