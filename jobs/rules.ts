/** Gathers what the decision about a device depends on, for one app and one purpose. */
import type { Task } from '../models/task.js';
import { accountKey, tokenKey } from '../models/token-key.js';
import type { Candidate } from './candidate.js';
import { capsOf } from './caps.js';
import type { JobContext } from './context.js';
import type { CutRules } from './cut.js';
import { type DeviceView, isWhole, type JudgedDevice, type Rules } from './eligibility.js';
import { onSuppressionList } from './on-list.js';
import { recallManners } from './recalling.js';

const accountKeysOf = (
  devices: Iterable<DeviceView>,
  accountKeyOf: (account: string) => Buffer,
): Uint8Array[] =>
  [...devices].flatMap(({ tokenKey, account }) => [
    tokenKey.buffer,
    ...(account == null ? [] : [accountKeyOf(account)]),
  ]);

/** Several ask for the hash of the same account: the suppression list, who was targeted, and caps. */
const keptAccountKeys = (secret: Buffer): ((account: string) => Buffer) => {
  const keys = new Map<string, Buffer>();
  return (account) => {
    const known = keys.get(account);
    if (known != null) return known;
    const key = accountKey(secret, account);
    keys.set(account, key);
    return key;
  };
};

/** `rawKeys`: hashes of tokens that are not registered. */
export const rulesFor = async (
  { parts, profiles, secrets, settings, reads, quiet: quietHours }: JobContext,
  task: Task,
  devices: readonly JudgedDevice[],
  rawKeys: readonly Uint8Array[] = [],
): Promise<Rules> => {
  const { app, message } = task;
  // What the app itself is to do quietly, or to take back, disturbs nobody; overrides may make a silent message ring.
  const isSilent = message.silent === true && message.overrides == null;
  const isHeard = !isSilent && task.recallOf == null;
  // A task is looked at before its time only by who wants to know what would become of it.
  const atMs = Math.max(parts.now(), task.scheduledAt?.getTime() ?? 0);
  const [secret, open, quiet, caps] = await Promise.all([
    secrets(app),
    profiles.of(app),
    isHeard ? quietHours.of(app, message.purpose, atMs) : null,
    isHeard ? capsOf(settings, app, message.purpose) : null,
  ]);
  const accountKeyOf = keptAccountKeys(secret);
  // Where the app had no list, devices were read without what would be looked for there.
  const known = devices.filter(isWhole);
  const onList = await onSuppressionList({ db: parts.db, reads }, app, {
    // A token and an account each.
    count: 2 * known.length + rawKeys.length,
    compute: () => [...accountKeysOf(known, accountKeyOf), ...rawKeys],
  });
  const { purpose } = message;
  const recalls = recallManners(task, open, parts.now());
  const rules = {
    app,
    purpose,
    profiles: new Set(open.keys()),
    onList,
    accountKeyOf,
    ...(quiet == null ? {} : { quiet }),
    ...(caps == null ? {} : { caps }),
  };
  return recalls == null ? rules : { ...rules, recalls };
};

/** The same for a stretch of an audience, where tokens may not be registered. */
export const cutRulesFor = async (
  context: JobContext,
  task: Task,
  candidates: readonly Candidate[],
  { allowRaw }: { allowRaw: boolean },
): Promise<CutRules> => {
  const secret = await context.secrets(task.app);
  const rawKeys = candidates.flatMap(({ raw }) =>
    raw?.vendor == null ? [] : [tokenKey(secret, raw.vendor, raw.token)],
  );
  const devices = candidates.flatMap(({ device }) => device ?? []);
  return {
    ...(await rulesFor(context, task, devices, rawKeys)),
    allowRaw,
    rawKeyOf: (vendor, token) => tokenKey(secret, vendor, token).toString('hex'),
  };
};
