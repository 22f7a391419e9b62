/** Quiet hours of apps, for dispatch: who is left in peace right now, and until when. */
import { LRUCache } from 'lru-cache';
import type { App } from '../models/app.js';
import { createKept } from '../models/kept.js';
import { type QuietAction, quietRuleFor, quietUntil } from '../models/quiet-hours.js';
import type { JobParts } from './parts.js';

/** Of one app and purpose, at one moment. */
export interface Quiet {
  readonly action: QuietAction;
  /** When a device may be pushed to again, in milliseconds since 1970; undefined: now. `zone` absent: that of the app. */
  until(zone: string | undefined): number | undefined;
}

export interface QuietHours {
  /** Null when nobody is left in peace by this purpose. */
  of(app: string, purpose: string): Promise<Quiet | null>;
  /** Read the settings of this app again before the next use. */
  changed(app: string): void;
}

/** Settings that another process changed are noticed after so long. */
const FRESH_MS = 1_000;
/** To find out when a night ends takes half a millisecond, and there are some hundred zones. */
const MOST_NIGHTS = 5_000;

interface Night {
  readonly fromMs: number;
  readonly untilMs: number;
}

export const createQuietHours = ({
  db,
  now,
  monotonic,
}: Pick<JobParts, 'db' | 'now' | 'monotonic'>): QuietHours => {
  const nights = new LRUCache<string, Night>({ max: MOST_NIGHTS });
  const apps = createKept(
    (app) =>
      db
        .collection<App>('apps')
        .findOne({ _id: app }, { projection: { quietHours: 1, urgentPurposes: 1 } }),
    { keptMs: FRESH_MS, monotonic },
  );

  return {
    async of(app, purpose) {
      const { quietHours, urgentPurposes } = (await apps.get(app)) ?? {};
      if (quietHours == null || urgentPurposes?.includes(purpose)) return null;
      const rule = quietRuleFor(quietHours, purpose);
      if (rule == null) return null;
      const nowMs = now();
      return {
        action: rule.action,
        until(zone = quietHours.timeZone) {
          const key = `${rule.from} ${rule.to} ${zone}`;
          const night = nights.get(key);
          if (night != null && night.fromMs <= nowMs && nowMs < night.untilMs) return night.untilMs;
          const untilMs = quietUntil(nowMs, zone, rule);
          if (untilMs != null) nights.set(key, { fromMs: nowMs, untilMs });
          return untilMs;
        },
      };
    },
    changed: (app) => apps.forget(app),
  };
};
