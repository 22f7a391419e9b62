/** The campaigns that events of an app start, kept for a moment: most events are nothing to any of them. */
import { type TriggeredCampaign, triggeredOf } from '../../models/campaign-store.js';
import { createKept } from '../../models/kept.js';
import type { JobParts } from '../parts.js';

export interface Triggers {
  of(app: string): Promise<readonly TriggeredCampaign[]>;
  /** One of them was approved, paused or ended: read them again before the next event. */
  changed(app: string): void;
}

/** What another process changed is noticed after so long. */
export const TRIGGERS_FRESH_MS = 1_000;

export const createTriggers = ({ db, monotonic }: Pick<JobParts, 'db' | 'monotonic'>): Triggers => {
  const apps = createKept((app) => triggeredOf(db, app), { keptMs: TRIGGERS_FRESH_MS, monotonic });
  return {
    of: async (app) => (await apps.get(app)) ?? [],
    changed: (app) => apps.forget(app),
  };
};
