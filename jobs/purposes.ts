/** The purposes that an app has defined: which ones a task may name, and which grants still count. */
import { DEFAULT_PURPOSE } from '../models/app.js';
import { createKept } from '../models/kept.js';
import { currentVersions, type Purpose, purposesOf } from '../models/purpose.js';
import type { TaskProblem } from './engine.js';
import type { JobParts } from './parts.js';

export interface Purposes {
  /** The versions of its text that a grant counts for; undefined: a grant counts whatever it was given for. */
  current(app: string, purpose: string): Promise<ReadonlySet<string> | undefined>;
  /** Why no task may name the purpose; an app that has defined none takes them all. */
  problemOf(app: string, purpose: string): Promise<TaskProblem | undefined>;
  /** Read those of this app again before the next use. */
  changed(app: string): void;
}

/** What another process changed is noticed after so long. */
const FRESH_MS = 1_000;

interface Known {
  readonly purposes: readonly Purpose[];
  readonly current: ReadonlyMap<string, ReadonlySet<string> | undefined>;
}

const knownOf = (purposes: readonly Purpose[]): Known => ({
  purposes,
  current: new Map(purposes.map((purpose) => [purpose.name, currentVersions(purpose)])),
});

const mayBeNamed = (purposes: readonly Purpose[], purpose: string): boolean =>
  purposes.length === 0 ||
  purpose === DEFAULT_PURPOSE ||
  purposes.some(({ name, retiredAt }) => name === purpose && retiredAt == null);

export const createPurposes = ({ db, monotonic }: Pick<JobParts, 'db' | 'monotonic'>): Purposes => {
  const apps = createKept(async (app) => knownOf(await purposesOf(db, app)), {
    keptMs: FRESH_MS,
    monotonic,
  });
  return {
    current: async (app, purpose) => (await apps.get(app))?.current.get(purpose),
    async problemOf(app, purpose) {
      const { purposes = [] } = (await apps.get(app)) ?? {};
      if (mayBeNamed(purposes, purpose)) return undefined;
      return {
        code: 'PURPOSE_UNKNOWN',
        field: 'message.purpose',
        detail: `Must be ${DEFAULT_PURPOSE} or a purpose that the app has defined and not retired`,
      };
    },
    changed: (app) => apps.forget(app),
  };
};
