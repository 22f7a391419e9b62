/** Takes deleted tags from all devices, piece by piece: a part of each sweep, so that any process goes on with it. */
import { dropTag } from '../models/tag-book.js';
import { removePiece, runningRemovals, type TagRemoval } from '../models/tag-removal.js';
import { devicesWithTag } from '../models/tags-in-use.js';
import type { JobContext } from './context.js';

/** A sweep has more to do. */
const WITHIN_MS = 1_000;
/** At a time; the others wait for their turn. */
const MOST_REMOVALS = 10;

/** The tag makes room for another at once, unless somebody has got it again. */
const forgetTag = async (
  { parts, secrets }: JobContext,
  { app, tag }: TagRemoval,
): Promise<void> => {
  if ((await devicesWithTag(parts.db, app, tag)) > 0) return;
  await dropTag({ connection: parts.connection, app, hashSecret: await secrets(app) }, tag);
};

/** True when it has ended, or must wait for the next sweep. */
const goOn = async (context: JobContext, removal: TagRemoval): Promise<boolean> => {
  const { parts, priority } = context;
  const { _id: id, app } = removal;
  try {
    await priority.giveWay();
    const now = new Date(parts.now());
    const ended = await removePiece(parts.connection, removal, {
      most: priority.pieceDevices,
      now,
    });
    if (!ended) return false;
    await forgetTag(context, removal);
    parts.log.info('A tag was deleted everywhere', { app, removal: id.toHexString() });
  } catch (error) {
    // The others are not to wait for it.
    parts.log.error('The deletion of a tag cannot go on', {
      app,
      removal: id.toHexString(),
      error,
    });
  }
  return true;
};

/** A piece of each in turn, for a while. */
export const removeTags = async (
  context: JobContext,
  { withinMs = WITHIN_MS } = {},
): Promise<void> => {
  const { db, monotonic } = context.parts;
  const untilMs = monotonic() + withinMs;
  let running = await runningRemovals(db, MOST_REMOVALS);
  while (running.length > 0) {
    const going: TagRemoval[] = [];
    for (const removal of running) {
      if (!(await goOn(context, removal))) going.push(removal);
      if (context.stopping.aborted || monotonic() > untilMs) return;
    }
    running = going;
  }
};
