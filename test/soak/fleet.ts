/** The devices of a soak, with what their people have done so far: the other side of what the gateway believes. */
import { apnsToken, fcmToken, harmonyToken } from '../../simulators/index.js';
import { VENDORS, type VendorName } from '../faults/row.js';

const LIVE: Record<VendorName, (seed: string) => string> = {
  fcm: fcmToken,
  apns: apnsToken,
  harmony: harmonyToken,
};
const DEAD: Record<VendorName, (seed: string) => string> = {
  fcm: (seed) => fcmToken(seed, 'UNREGISTERED'),
  apns: (seed) => apnsToken(seed, 'Unregistered'),
  harmony: (seed) => harmonyToken(seed, 'tokenFormatError'),
};

/** What holds of a device from one change to the next. */
export interface Situation {
  readonly consents: boolean;
  /** The vendor still knows its token. */
  readonly isLive: boolean;
  readonly isErased: boolean;
}

interface Change extends Situation {
  readonly askedAtMs: number;
  /** Until it is answered, either may hold. */
  answeredAtMs: number;
}

export interface SoakDevice {
  readonly name: string;
  readonly vendor: VendorName;
  readonly account: string;
  readonly tags: readonly string[];
  /** The gateway's id, once it is registered. */
  id: string;
  /** All it has had, the present one last. */
  readonly tokens: string[];
  readonly changes: Change[];
  /** Consent was taken back, or it was erased, and the answer has come. */
  forbiddenSinceMs?: number;
  /** Somebody is changing it just now. */
  isBusy: boolean;
}

export const COLOURS = ['red', 'green', 'blue'] as const;
const DEVICES_AN_ACCOUNT = 2;
const REFUSING_EVERY = 10;
const DEAD_EVERY = 33;

export const tokenOf = ({ tokens }: SoakDevice): string => tokens.at(-1) ?? '';

export const makeToken = (device: SoakDevice, { isLive }: Pick<Situation, 'isLive'>): string =>
  (isLive ? LIVE : DEAD)[device.vendor](`${device.name}-${device.tokens.length}`);

/** What holds now. */
export const situationOf = ({ changes }: SoakDevice): Situation => {
  const last = changes.at(-1);
  if (last == null) throw new Error('A device has no beginning');
  return last;
};

/** What held all the time between two instants; undefined when something changed. */
export const steadyBetween = (
  { changes }: SoakDevice,
  fromMs: number,
  toMs: number,
): Situation | undefined => {
  const before = changes.findLast(({ answeredAtMs }) => answeredAtMs < fromMs);
  const isMoved = changes.some(
    (change) => change !== before && change.askedAtMs <= toMs && change.answeredAtMs >= fromMs,
  );
  return isMoved ? undefined : before;
};

/** The first of these devices that will live in a soak; more are made while it runs. */
export class Fleet {
  readonly devices: SoakDevice[] = [];
  readonly #byToken = new Map<string, SoakDevice>();
  readonly #byId = new Map<string, SoakDevice>();

  make(): { device: SoakDevice; situation: Situation } {
    const index = this.devices.length;
    const vendor = VENDORS[index % VENDORS.length] ?? 'fcm';
    const device: SoakDevice = {
      name: `d${index}`,
      vendor,
      account: `person-${Math.floor(index / DEVICES_AN_ACCOUNT)}`,
      tags: [vendor, ...COLOURS.filter((_, place) => ((index >> place) & 1) === 1)],
      id: '',
      tokens: [],
      changes: [],
      isBusy: false,
    };
    const situation = {
      consents: index % REFUSING_EVERY !== 1,
      isLive: index % DEAD_EVERY !== 2,
      isErased: false,
    };
    this.devices.push(device);
    return { device, situation };
  }

  giveToken(device: SoakDevice, token: string): void {
    device.tokens.push(token);
    this.#byToken.set(token, device);
  }

  giveId(device: SoakDevice, id: string): void {
    device.id = id;
    this.#byId.set(id, device);
  }

  byToken(token: string): SoakDevice | undefined {
    return this.#byToken.get(token);
  }

  byId(id: string): SoakDevice | undefined {
    return this.#byId.get(id);
  }

  /** Notes the change as asked for; the answer is noted by what comes back. */
  change(device: SoakDevice, situation: Situation): () => void {
    const change: Change = { ...situation, askedAtMs: Date.now(), answeredAtMs: Infinity };
    device.changes.push(change);
    return () => {
      change.answeredAtMs = Date.now();
    };
  }
}
