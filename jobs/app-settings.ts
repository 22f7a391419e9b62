/** What every batch asks of the settings of its app: kept for a moment, so that it is one look in memory. */
import type { App } from '../models/app.js';
import { createKept } from '../models/kept.js';
import type { JobParts } from './parts.js';

/** Of an app, what decides about sending now. */
export type SendingSettings = Partial<Pick<App, 'quietHours' | 'caps' | 'urgentPurposes'>>;

export interface AppSettings {
  /** Of an app that does not exist, none. */
  of(app: string): Promise<SendingSettings>;
  /** Read the settings of this app again before the next use. */
  changed(app: string): void;
}

/** Settings that another process changed are noticed after so long. */
const FRESH_MS = 1_000;
const NONE: SendingSettings = {};

export const createAppSettings = ({
  db,
  monotonic,
}: Pick<JobParts, 'db' | 'monotonic'>): AppSettings => {
  const apps = createKept(
    (app) =>
      db
        .collection<App>('apps')
        .findOne({ _id: app }, { projection: { quietHours: 1, caps: 1, urgentPurposes: 1 } }),
    { keptMs: FRESH_MS, monotonic },
  );
  return {
    of: async (app) => (await apps.get(app)) ?? NONE,
    changed: (app) => apps.forget(app),
  };
};

/** The operator says what people are woken for, however many pushes they have got. */
export const isUrgent = ({ urgentPurposes }: SendingSettings, purpose: string): boolean =>
  urgentPurposes?.includes(purpose) === true;
