/** Cuts a batch in two. Both are as it was: their sizes add up, so the ledger does not notice. Pure. */
import { mongo } from 'mongoose';
import {
  ACCOUNT_KEY_BYTES,
  BADGE_BYTES,
  type Batch,
  DEVICE_BYTES,
  followUpBatchId,
} from './batch.js';

const bytesOf = (
  packed: mongo.Binary,
  from: number,
  to: number,
  itemBytes: number,
): mongo.Binary => {
  const bytes = Buffer.from(packed.buffer).subarray(from * itemBytes, to * itemBytes);
  return new mongo.Binary(Buffer.from(bytes));
};

/** Devices `from` to `to` of a batch, with everything that is aligned with them. */
const stretch = (
  { devices, tokens, accounts, data, badges }: Batch,
  from: number,
  to: number,
): Partial<Batch> => ({
  size: to - from,
  ...(devices == null ? {} : { devices: bytesOf(devices, from, to, DEVICE_BYTES) }),
  ...(tokens == null ? {} : { tokens: tokens.slice(from, to) }),
  ...(accounts == null ? {} : { accounts: bytesOf(accounts, from, to, ACCOUNT_KEY_BYTES) }),
  ...(data == null ? {} : { data: data.slice(from, to) }),
  ...(badges == null ? {} : { badges: bytesOf(badges, from, to, BADGE_BYTES) }),
});

/** The head keeps id and lease; the rest is due, under a new id. `count` lies between the ends. */
export const cutBatch = (batch: Batch, count: number): { head: Batch; rest: Batch } => {
  // Neither of two is the only batch of its task.
  const { sole: _sole, ...kept } = batch;
  const { owner: _owner, parked: _parked, waitsFor: _waitsFor, ...others } = kept;
  return {
    head: { ...kept, ...stretch(batch, 0, count) },
    rest: {
      ...others,
      ...stretch(batch, count, batch.size),
      _id: followUpBatchId(batch.task),
      state: 'due',
      beat: 0,
      fence: 0,
    },
  };
};
