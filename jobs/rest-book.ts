/** Begins, changes and ends the rests of vendor profiles: in this process at once, then in the database for all others. */
import {
  beginRest,
  endRest,
  nextTurn,
  type Rest,
  type RestChange,
  rests,
  revisionsOf,
  setAsideDue,
  takeUp,
  takeUpOne,
  waitedFor,
} from '../models/rest.js';
import { namesOfProfile } from '../models/vendor-profile.js';
import type { BreakerView, KnownRest } from './breaker-view.js';
import type { JobParts } from './parts.js';

export interface RestBook {
  begin(rest: KnownRest): Promise<void>;
  /** False when another process was faster; then what that one made of it is known here. */
  change(rest: KnownRest, change: RestChange): Promise<boolean>;
  end(rest: KnownRest): Promise<void>;
  /** Learns what other processes know, and lets go whatever waits for a profile that is well. */
  look(): Promise<void>;
}

const isStored = (rest: KnownRest): rest is Rest => rest.turn != null;

/** `due` hears that batches are due which were not. */
export const createRestBook = (
  { db, now, log }: Pick<JobParts, 'db' | 'now' | 'log'>,
  view: BreakerView,
  due: () => void,
): RestBook => {
  const setAllAside = async ({ _id, code }: Rest): Promise<void> => {
    await setAsideDue(db, namesOfProfile(_id), { on: _id, code, now: new Date(now()) });
  };

  const begin = async (rest: KnownRest): Promise<void> => {
    view.learn(rest);
    const revision = (await revisionsOf(db, [rest._id])).get(rest._id);
    if (revision !== rest.revision) {
      // The operator has changed the settings meanwhile, perhaps because of this very answer.
      view.forget(rest._id);
      return;
    }
    const stored = await beginRest(db, rest);
    view.learn(stored);
    const { code, reason } = stored;
    log.warn('A vendor profile rests', { ...namesOfProfile(rest._id), code, reason });
    await setAllAside(stored);
  };

  const release = async (profile: string): Promise<void> => {
    if ((await takeUp(db, profile)) > 0) due();
  };

  /** What is stored, and still about the settings in use; the rest of it is thrown away. */
  const valid = async (): Promise<Rest[]> => {
    const stored = await rests(db).find().toArray();
    if (stored.length === 0) return [];
    const revisions = await revisionsOf(
      db,
      stored.map(({ _id }) => _id),
    );
    const held = stored.filter(({ _id, revision }) => revisions.get(_id) === revision);
    for (const rest of stored) {
      if (held.includes(rest) || !(await endRest(db, rest))) continue;
      log.info('A vendor profile has new settings and rests no more', namesOfProfile(rest._id));
    }
    return held;
  };

  return {
    begin,
    async change(rest, change) {
      if (!isStored(rest)) return false;
      // At once, so that nobody else in this process acts on what was.
      view.learn({ ...rest, ...change });
      let changed: Rest | null;
      let current: Rest | null;
      try {
        changed = await nextTurn(db, rest, change);
        current = changed ?? (await rests(db).findOne({ _id: rest._id }));
      } catch (error) {
        view.learn(rest);
        throw error;
      }
      if (current == null) view.forget(rest._id);
      else view.learn(current);
      if (changed != null && !changed.probing) await setAllAside(changed);
      return changed != null;
    },
    async end(rest) {
      view.forget(rest._id);
      if (!isStored(rest)) return;
      if (await endRest(db, rest))
        log.info('A vendor profile is well again', namesOfProfile(rest._id));
      await release(rest._id);
      due();
    },
    async look() {
      const before = new Map(view.all().map((rest) => [rest._id, rest]));
      // In this order: a rest is stored before the first batch waits for it.
      const waited = await waitedFor(db);
      const stored = new Map((await valid()).map((rest) => [rest._id, rest]));
      for (const rest of view.all()) {
        // What this process has learnt since is newer than what was read.
        if (before.get(rest._id) !== rest) continue;
        if (!isStored(rest)) await begin(rest);
        else if (!stored.has(rest._id)) view.forget(rest._id);
      }
      for (const rest of stored.values()) {
        const known = view.get(rest._id);
        const isNews = known == null || (isStored(known) && !known.turn.equals(rest.turn));
        if (isNews && known === before.get(rest._id)) view.learn(rest);
      }
      for (const profile of waited) if (!stored.has(profile)) await release(profile);
      for (const { _id } of view.all()) {
        if (!view.isWaiting(_id) && (await takeUpOne(db, _id)) != null) due();
      }
    },
  };
};
