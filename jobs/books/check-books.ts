/**
 * Checks the books stretch by stretch: storage, tasks, and then whatever belongs to no task. Each stretch is bounded and
 * says where the next one begins, so that a command and a request do the same work, and either can go on where one stopped.
 */
import { Types } from 'mongoose';
import { lanesServed } from '../../models/worker.js';
import type { Books } from './books.js';
import { checkStorage, rowCollections } from './check-storage.js';
import {
  type StrayPage,
  type Strays,
  strayBatches,
  strayLists,
  strayRows,
} from './check-strays.js';
import { type BooksFilter, checkTasks, type PageCost, settle } from './check-tasks.js';
import type { Finding } from './finding.js';

export interface CheckOptions extends PageCost {
  /** With any filter, only tasks are looked at: what belongs to none has no app and no age. */
  readonly filter?: BooksFilter;
  /** Mends what can be mended; otherwise it only tells. */
  readonly fix?: boolean;
  /** `next` of the stretch before. Rejects with UnknownPlace. */
  readonly place?: string;
  /** Tasks in this stretch, at most. */
  readonly limit?: number;
}

export interface Stretch {
  readonly findings: readonly Finding[];
  readonly tasks: number;
  readonly batches: number;
  readonly rows: number;
  /** Absent behind the last stretch. */
  readonly next?: string;
}

/** A place that no stretch has named. */
export class UnknownPlace extends Error {
  override readonly name = 'UnknownPlace';
  constructor() {
    super('There is no such place in the books');
  }
}

export const DEFAULT_LIMIT = 100;
/** Looking whether a task exists costs a tenth of checking it. */
const STRAYS_PER_TASK = 10;

const PLACE =
  /^(storage|tasks|lists|batches|rows)(?::([0-9a-f]{24})?)?(?::(deliveries_\w{1,20}))?$/;

interface Place {
  readonly step: 'storage' | 'tasks' | 'lists' | 'batches' | 'rows';
  readonly after?: Types.ObjectId;
  /** Of the rows. */
  readonly collection?: string;
}

const readPlace = (text: string): Place => {
  const [, step, after, collection] = PLACE.exec(text) ?? [];
  if (step == null) throw new UnknownPlace();
  return {
    step: step as Place['step'],
    ...(after == null ? {} : { after: new Types.ObjectId(after) }),
    ...(collection == null ? {} : { collection }),
  };
};

const placeText = ({ step, after, collection }: Place): string => {
  const from = after?.toHexString() ?? '';
  return [step, ...(collection == null ? [from] : [from, collection])].join(':').replace(/:$/, '');
};

const nothing = { findings: [], tasks: 0, batches: 0, rows: 0 } as const;

const hasFilter = ({ app, task, since }: BooksFilter): boolean =>
  app != null || task != null || since != null;

type StrayStep = (books: Books, page: StrayPage) => Promise<Strays>;

const strayStretch = async (
  books: Books,
  { place, then, look }: { place: Place; then: Place | undefined; look: StrayStep },
  { fix = false, limit = DEFAULT_LIMIT }: CheckOptions,
): Promise<Stretch> => {
  const page = { ...(place.after && { after: place.after }), limit: limit * STRAYS_PER_TASK };
  const { found, last } = await look(books, page);
  const next = last == null ? then : { ...place, after: last };
  return {
    ...nothing,
    findings: await settle(found, fix),
    ...(next == null ? {} : { next: placeText(next) }),
  };
};

/** The collection of rows that is looked through at `place`, and the one behind it. */
const collectionsAt = async (
  { db }: Books,
  { collection }: Place,
): Promise<{ here?: string; then: Place | undefined }> => {
  const names = (await rowCollections(db)).map(({ name }) => name);
  const [here, behind] = names.filter((name) => collection == null || name >= collection);
  return {
    ...(here == null ? {} : { here }),
    then: behind == null ? undefined : { step: 'rows', collection: behind },
  };
};

const taskStretch = async (
  books: Books,
  { after }: Place,
  { filter = {}, fix = false, limit = DEFAULT_LIMIT, items, withinMs }: CheckOptions,
): Promise<Stretch> => {
  const { last, ...checked } = await checkTasks(books, {
    filter,
    fix,
    limit,
    ...(items == null ? {} : { items }),
    ...(withinMs == null ? {} : { withinMs }),
    ...(after && { after }),
    served: await lanesServed(books.db),
  });
  if (last != null) return { ...checked, next: placeText({ step: 'tasks', after: last }) };
  return hasFilter(filter) ? checked : { ...checked, next: placeText({ step: 'lists' }) };
};

/** One bounded stretch of the check; call it again with `next` as `place` until there is none. */
export const checkBooks = async (books: Books, options: CheckOptions = {}): Promise<Stretch> => {
  const place = readPlace(options.place ?? 'storage');
  switch (place.step) {
    case 'storage': {
      const findings = await settle(await checkStorage(books), options.fix ?? false);
      return { ...nothing, findings, next: placeText({ step: 'tasks' }) };
    }
    case 'tasks':
      return taskStretch(books, place, options);
    case 'lists':
      return strayStretch(books, { place, then: { step: 'batches' }, look: strayLists }, options);
    case 'batches':
      return strayStretch(books, { place, then: { step: 'rows' }, look: strayBatches }, options);
    case 'rows': {
      const { here, then } = await collectionsAt(books, place);
      if (here == null) return nothing;
      const at = { ...place, collection: here };
      const look: StrayStep = (given, page) => strayRows(given, here, page);
      return strayStretch(books, { place: at, then, look }, options);
    }
  }
};
