/** Quiet hours for dispatch: who is left in peace right now, and until when. */
import type { App } from '../models/app.js';
import type { Device } from '../models/device.js';
import { createKept } from '../models/kept.js';
import { quietRuleFor, Walls } from '../models/quiet-hours.js';
import type { JobParts } from './parts.js';

/** A device is left in peace. */
export interface Peace {
  /** When it may be pushed to again, in milliseconds since 1970. */
  readonly untilMs: number;
  /** The app wants the push dropped, not held. */
  readonly drops: boolean;
}

/** What is known of a device when it is asked for. */
export type QuietDevice = Pick<Device, 'timeZone' | 'quietHours'>;

/** Of one app and purpose. */
export interface Quiet {
  /** Null: the device may be pushed to at that instant, or now. */
  peaceOf(device: QuietDevice, atMs?: number): Peace | null;
}

export interface QuietHours {
  /** Null when nobody is left in peace by this purpose. */
  of(app: string, purpose: string): Promise<Quiet | null>;
  /** Read the settings of this app again before the next use. */
  changed(app: string): void;
}

/** Settings that another process changed are noticed after so long. */
const FRESH_MS = 1_000;
const NO_ZONE = 'UTC';

export const createQuietHours = ({
  db,
  now,
  monotonic,
}: Pick<JobParts, 'db' | 'now' | 'monotonic'>): QuietHours => {
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
      if (urgentPurposes?.includes(purpose)) return null;
      const rule = quietHours == null ? undefined : quietRuleFor(quietHours, purpose);
      const wallsNow = new Walls(now());
      /** Thousands of devices of a batch share a few zones. */
      const byZone = new Map<string, number | undefined>();
      const ofAppNow = (zone: string): number | undefined => {
        if (rule == null) return undefined;
        if (!byZone.has(zone)) byZone.set(zone, wallsNow.quietUntil(zone, rule));
        return byZone.get(zone);
      };
      return {
        peaceOf({ timeZone, quietHours: own }, atMs) {
          if (rule == null && own == null) return null;
          const zone = timeZone ?? quietHours?.timeZone ?? NO_ZONE;
          const walls = atMs == null ? wallsNow : new Walls(atMs);
          const appUntilMs = atMs == null ? ofAppNow(zone) : rule && walls.quietUntil(zone, rule);
          const ownUntilMs = own == null ? undefined : walls.quietUntil(zone, own);
          if (appUntilMs == null && ownUntilMs == null) return null;
          return {
            untilMs: Math.max(appUntilMs ?? 0, ownUntilMs ?? 0),
            drops: appUntilMs != null && rule?.action === 'drop',
          };
        },
      };
    },
    changed: (app) => apps.forget(app),
  };
};
