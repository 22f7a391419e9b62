/** Gives tags to many devices or accounts, or takes them; each item is done or refused as a whole. */
import { dbOf } from './database.js';
import type { Device } from './device.js';
import { DeviceSet, type Named } from './device-set.js';
import { type ItemResult, inPieces } from './item-result.js';
import { TAGS_PER_DEVICE } from './limits.js';
import { refusedTags, type TagContext } from './tag-book.js';
import { inTransaction } from './transaction.js';

/** All tags anew (`set`), or some more and some less. */
export type TagItem = Named & {
  readonly set?: readonly string[];
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
};

const tagsAfter = (before: readonly string[], item: TagItem): string[] => {
  if (item.set != null) return [...new Set(item.set)];
  const removed = new Set(item.remove);
  return [...new Set([...before.filter((tag) => !removed.has(tag)), ...(item.add ?? [])])];
};

const newTags = (item: TagItem): readonly string[] => item.set ?? item.add ?? [];

const isSame = (before: readonly string[], after: readonly string[]): boolean =>
  before.length === after.length && before.every((tag, index) => tag === after[index]);

const changeOne = (devices: DeviceSet, item: TagItem, now: Date): ItemResult => {
  const before = devices.of(item);
  if (before.length === 0) return { kind: 'not-found' };
  const after = before.map((device): Device => ({ ...device, tags: tagsAfter(device.tags, item) }));
  if (after.some(({ tags }) => tags.length > TAGS_PER_DEVICE)) {
    return { kind: 'refused', reason: 'device-tags-full' };
  }
  const changed = after.filter(({ tags }, index) => !isSame(before[index]?.tags ?? [], tags));
  for (const device of changed) devices.change({ ...device, updatedAt: now });
  return { kind: 'done', devices: before.length, changed: changed.length };
};

/** One result for each item, in their order, as if they had come one by one. */
export const changeTags = async (
  context: TagContext,
  items: readonly TagItem[],
): Promise<ItemResult[]> => {
  const { connection, app, now } = context;
  const db = dbOf(connection);
  const refused = await refusedTags(context, items.flatMap(newTags));
  return inPieces(items, (piece) =>
    inTransaction(connection, async (session) => {
      const devices = await DeviceSet.read(db, app, piece, session);
      const results = piece.map(
        (item): ItemResult =>
          newTags(item).some((tag) => refused.has(tag))
            ? { kind: 'refused', reason: 'app-tags-full' }
            : changeOne(devices, item, now),
      );
      await devices.write(db, session);
      return results;
    }),
  );
};
