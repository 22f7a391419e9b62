/** Which tags the devices of an app have, and how many devices a tag: asked of the index alone, exact when it is asked. */
import type { mongo } from 'mongoose';
import { devicesIn } from './device-store.js';

const BY_TAG = { app: 1, tags: 1, _id: 1 } as const;

/** The first tag behind `after`, in the order of bytes: one step in the index, however many devices have a tag. */
const nextTag = async (db: mongo.Db, app: string, after: string): Promise<string | undefined> => {
  const [key] = await devicesIn(db)
    .find({ app, tags: { $gt: after } }, { hint: BY_TAG, returnKey: true, limit: 1 })
    .toArray();
  // With `returnKey` a device is its key in the index, in which there is one tag.
  return key?.tags as unknown as string | undefined;
};

/** Tags behind `after`, in the order of their bytes. */
export async function* tagsInUse(db: mongo.Db, app: string, after = ''): AsyncGenerator<string> {
  let tag = await nextTag(db, app, after);
  while (tag != null) {
    yield tag;
    tag = await nextTag(db, app, tag);
  }
}

export const devicesWithTag = async (db: mongo.Db, app: string, tag: string): Promise<number> => {
  // Not `countDocuments`: that is an aggregation, which looks at more than the key.
  const { n } = await db.command({ count: 'devices', query: { app, tags: tag }, hint: BY_TAG });
  return n as number;
};
