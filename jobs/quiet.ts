/** Quiet hours for dispatch: who is left in peace right now, and until when. */
import { LRUCache } from 'lru-cache';
import type { App } from '../models/app.js';
import type { Device } from '../models/device.js';
import { createKept } from '../models/kept.js';
import {
  type QuietAction,
  type QuietWindow,
  quietRuleFor,
  quietUntil,
} from '../models/quiet-hours.js';
import type { JobParts } from './parts.js';

/** Of one app and purpose, at one moment. */
export interface Quiet {
  readonly action: QuietAction;
  /** When a device may be pushed to again, in milliseconds since 1970; undefined: now. */
  until(device: Pick<Device, 'timeZone' | 'quietHours'>): number | undefined;
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
const NO_ZONE = 'UTC';

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

  const nightEnds = (nowMs: number, zone: string, window: QuietWindow): number | undefined => {
    const key = `${window.from} ${window.to} ${zone}`;
    const night = nights.get(key);
    if (night != null && night.fromMs <= nowMs && nowMs < night.untilMs) return night.untilMs;
    const untilMs = quietUntil(nowMs, zone, window);
    if (untilMs != null) nights.set(key, { fromMs: nowMs, untilMs });
    return untilMs;
  };

  return {
    async of(app, purpose) {
      const { quietHours, urgentPurposes } = (await apps.get(app)) ?? {};
      if (urgentPurposes?.includes(purpose)) return null;
      const rule = quietHours == null ? undefined : quietRuleFor(quietHours, purpose);
      const nowMs = now();
      /** Thousands of devices of a batch share a few zones. */
      const byZone = new Map<string, number | undefined>();
      const ofApp = (zone: string): number | undefined => {
        if (rule == null) return undefined;
        if (!byZone.has(zone)) byZone.set(zone, nightEnds(nowMs, zone, rule));
        return byZone.get(zone);
      };
      return {
        action: rule?.action ?? 'hold',
        until({ timeZone, quietHours: own }) {
          if (rule == null && own == null) return undefined;
          const zone = timeZone ?? quietHours?.timeZone ?? NO_ZONE;
          const theirs = own == null ? undefined : nightEnds(nowMs, zone, own);
          const untilMs = Math.max(ofApp(zone) ?? 0, theirs ?? 0);
          return untilMs === 0 ? undefined : untilMs;
        },
      };
    },
    changed: (app) => apps.forget(app),
  };
};
