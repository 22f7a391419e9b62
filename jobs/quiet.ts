/** Quiet hours for dispatch: who is left in peace right now, and until when. */
import type { Device } from '../models/device.js';
import { quietRuleFor, Walls } from '../models/quiet-hours.js';
import { type AppSettings, isUrgent } from './app-settings.js';

/** A device is left in peace. */
export interface Peace {
  /** When it may be pushed to again, in milliseconds since 1970. */
  readonly untilMs: number;
  /** The app wants the push dropped, not held. */
  readonly drops: boolean;
}

/** Of one app and purpose, at one moment. */
export interface Quiet {
  /** Null: the device may be pushed to now. */
  peaceOf(device: Pick<Device, 'timeZone' | 'quietHours'>): Peace | null;
}

export interface QuietHours {
  /** Null when nobody is left in peace by this purpose. `atMs`: the moment that is meant, since 1970. */
  of(app: string, purpose: string, atMs: number): Promise<Quiet | null>;
}

const NO_ZONE = 'UTC';

export const createQuietHours = (settings: AppSettings): QuietHours => ({
  async of(app, purpose, atMs) {
    const appSettings = await settings.of(app);
    if (isUrgent(appSettings, purpose)) return null;
    const { quietHours } = appSettings;
    const rule = quietHours == null ? undefined : quietRuleFor(quietHours, purpose);
    const walls = new Walls(atMs);
    /** Thousands of devices of a batch share a few zones. */
    const byZone = new Map<string, number | undefined>();
    const ofApp = (zone: string): number | undefined => {
      if (rule == null) return undefined;
      if (!byZone.has(zone)) byZone.set(zone, walls.quietUntil(zone, rule));
      return byZone.get(zone);
    };
    return {
      peaceOf({ timeZone, quietHours: own }) {
        if (rule == null && own == null) return null;
        const zone = timeZone ?? quietHours?.timeZone ?? NO_ZONE;
        const appUntilMs = ofApp(zone);
        const ownUntilMs = own == null ? undefined : walls.quietUntil(zone, own);
        if (appUntilMs == null && ownUntilMs == null) return null;
        return {
          untilMs: Math.max(appUntilMs ?? 0, ownUntilMs ?? 0),
          drops: appUntilMs != null && rule?.action === 'drop',
        };
      },
    };
  },
});
