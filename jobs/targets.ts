/** Reads a batch's devices afresh and sorts out who may still be pushed to. */
import { mongo, Types } from 'mongoose';
import { ACCOUNT_KEY_BYTES, type Batch, DEVICE_BYTES, unpack } from '../models/batch.js';
import type { Cap } from '../models/caps.js';
import type { Task } from '../models/task.js';
import { tokenKey } from '../models/token-key.js';
import { devicesOf } from './candidate.js';
import type { JobContext } from './context.js';
import { type FindDevice, finderOf } from './device-finder.js';
import {
  DEVICE_FIELDS,
  type DeviceView,
  type Rules,
  type SuppressedReason,
  suppressionOf,
} from './eligibility.js';
import type { Known } from './hand-over.js';
import { localeFor, type Variant } from './message.js';
import { rulesFor } from './rules.js';

/** A device of a batch; `index` is its place there. */
export interface SendTarget {
  readonly index: number;
  readonly token: string;
  readonly wasSuspect: boolean;
  readonly variant: Variant;
  /** Whom caps count it for: the hash of the account, or the device where there is none. Undefined where none counts. */
  readonly person?: mongo.Binary | undefined;
}

export interface SuppressedTarget {
  readonly index: number;
  readonly reason: SuppressedReason;
  /** When the cap that stopped it has room again. */
  readonly freesAt?: Date;
}

export interface BatchTargets {
  readonly targets: SendTarget[];
  readonly suppressed: SuppressedTarget[];
  /** Left in peace for now, until so many milliseconds since 1970. */
  readonly quiet: { readonly index: number; readonly untilMs: number }[];
  /** What counts this push, if anything does. */
  readonly caps?: readonly Cap[];
}

const noTargets = ({ caps }: Rules): BatchTargets => ({
  targets: [],
  suppressed: [],
  quiet: [],
  ...(caps == null ? {} : { caps }),
});

/** Who is behind a device, as caps count them. */
const personBehind = (
  device: Uint8Array,
  account: string | undefined,
  { caps, accountKeyOf }: Rules,
): mongo.Binary | undefined =>
  caps == null ? undefined : new mongo.Binary(account == null ? device : accountKeyOf(account));

const NOBODY: Variant = { locale: '' };

const variantOf = (
  task: Task,
  batch: Batch,
  index: number,
  locale: string | undefined,
): Variant => {
  const data = batch.data?.[index];
  const chosen = localeFor(task.message.localized, locale);
  if (data == null) return chosen === '' ? NOBODY : { locale: chosen };
  return { locale: chosen, data };
};

/** True when it is quiet where the device is; what that means for it is noted. */
const isLeftInPeace = (
  result: BatchTargets,
  index: number,
  device: Pick<DeviceView, 'timeZone' | 'quietHours'>,
  { quiet }: Rules,
): boolean => {
  const peace = quiet?.peaceOf(device);
  if (peace == null) return false;
  if (peace.drops) result.suppressed.push({ index, reason: 'quiet-hours' });
  else result.quiet.push({ index, untilMs: peace.untilMs });
  return true;
};

/** `keys`: hashes of the batch's tokens. `registered`: by hash, devices that have come to hold one since planning. */
const rawTargets = (
  task: Task,
  batch: Batch,
  keys: readonly string[],
  registered: ReadonlyMap<string, DeviceView>,
  rules: Rules,
): BatchTargets => {
  const result = noTargets(rules);
  unpack(batch.devices, DEVICE_BYTES).forEach((id, index) => {
    const token = batch.tokens?.[index] ?? '';
    const key = keys[index] ?? '';
    const device = registered.get(key);
    const ofDevice = device == null ? null : suppressionOf(device, {}, rules);
    const reason = rules.onList.has(key) ? 'suppression-list' : ofDevice;
    if (reason != null) {
      result.suppressed.push({ index, reason });
      return;
    }
    if (isLeftInPeace(result, index, device ?? {}, rules)) return;
    const variant = variantOf(task, batch, index, device?.locale);
    const person = personBehind(device?._id.id ?? id, device?.account, rules);
    result.targets.push({ index, token, wasSuspect: false, variant, person });
  });
  return result;
};

/** Tokens that were not registered: whoever has registered one since then decides for themselves. */
const readRawTargets = async (
  context: JobContext,
  task: Task,
  batch: Batch,
): Promise<BatchTargets> => {
  const { app } = task;
  const { profile } = batch;
  const secret = await context.secrets(app);
  const keys = (batch.tokens ?? []).map((token) => tokenKey(secret, batch.vendor, token));
  const found = await devicesOf(context.parts.db)
    .find(
      { app, tokenKey: { $in: keys.map((key) => new mongo.Binary(key)) }, profile },
      { projection: DEVICE_FIELDS },
    )
    .toArray();
  const registered = new Map(found.map((device) => [device.tokenKey.toString('hex'), device]));
  const rules = await rulesFor(context, task, found, keys);
  const hexKeys = keys.map((key) => key.toString('hex'));
  return rawTargets(task, batch, hexKeys, registered, rules);
};

const registeredTargets = (
  task: Task,
  batch: Batch,
  ids: readonly Buffer[],
  find: FindDevice,
  rules: Rules,
): BatchTargets => {
  const result = noTargets(rules);
  const accounts = unpack(batch.accounts, ACCOUNT_KEY_BYTES);
  const { vendor, profile } = batch;
  const ofAll = {
    vendor,
    profile,
    ...(task.recalledFrom == null ? {} : { sentAt: task.recalledFrom }),
  };
  ids.forEach((id, index) => {
    const device = find(id);
    const accountKey = accounts[index];
    const expected = accountKey == null ? ofAll : { ...ofAll, accountKey };
    const reason = device == null ? 'erased' : suppressionOf(device, expected, rules);
    if (device == null || reason != null) {
      result.suppressed.push({ index, reason: reason ?? 'erased' });
      return;
    }
    if (isLeftInPeace(result, index, device, rules)) return;
    const variant = variantOf(task, batch, index, device.locale);
    const wasSuspect = device.state === 'suspect';
    const person = personBehind(id, device.account, rules);
    result.targets.push({ index, token: device.token, wasSuspect, variant, person });
  });
  return result;
};

/** From what was read moments ago. */
export const knownTargets = (batch: Batch, { task, devices, rules }: Known): BatchTargets => {
  const ids = unpack(batch.devices, DEVICE_BYTES);
  return registeredTargets(task, batch, ids, (id) => devices.get(id.toString('hex')), rules);
};

export const readTargets = async (
  context: JobContext,
  task: Task,
  batch: Batch,
): Promise<BatchTargets> => {
  if (batch.tokens != null) return readRawTargets(context, task, batch);
  const ids = unpack(batch.devices, DEVICE_BYTES);
  const found = await context.reads.devices(ids.map((id) => new Types.ObjectId(id)));
  const rules = await rulesFor(context, task, found);
  return registeredTargets(task, batch, ids, finderOf(found), rules);
};
