/** The devices of a row: those that must be reached, and a few that must not be or cannot be. */
import {
  apnsToken,
  fcmToken,
  harmonyToken,
  type Simulators,
  type TokenCounts,
} from '../../simulators/index.js';
import { type Mix, VENDORS, type VendorName } from './row.js';

export interface FaultDevice {
  readonly vendor: VendorName;
  readonly token: string;
  readonly consents: boolean;
  /** The vendor says that its app was removed. */
  readonly isGone: boolean;
}

const LIVE: Record<VendorName, (seed: string) => string> = {
  fcm: fcmToken,
  apns: apnsToken,
  harmony: harmonyToken,
};
const GONE: Record<VendorName, (seed: string) => string> = {
  fcm: (seed) => fcmToken(seed, 'UNREGISTERED'),
  apns: (seed) => apnsToken(seed, 'Unregistered'),
  harmony: (seed) => harmonyToken(seed, 'tokenFormatError'),
};

const REFUSING_EACH = 3;
const GONE_EACH = 2;

const some = (count: number, make: (index: number) => FaultDevice): FaultDevice[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** `refusing` devices without consent on top of those that every vendor of the mix has. */
export const makeFleet = (mix: Mix, refusing = 0): FaultDevice[] =>
  VENDORS.flatMap((vendor, place) => {
    const live = mix[vendor];
    if (live == null) return [];
    const isFirst = VENDORS.findIndex((name) => mix[name] != null) === place;
    return [
      ...some(live, (index) => ({
        vendor,
        token: LIVE[vendor](`live-${index}`),
        consents: true,
        isGone: false,
      })),
      ...some(REFUSING_EACH + (isFirst ? refusing : 0), (index) => ({
        vendor,
        token: LIVE[vendor](`refusing-${index}`),
        consents: false,
        isGone: false,
      })),
      ...some(GONE_EACH, (index) => ({
        vendor,
        token: GONE[vendor](`gone-${index}`),
        consents: true,
        isGone: true,
      })),
    ];
  });

/** What the vendor's own record says of a device. */
export const witnessed = (
  simulators: Simulators,
  { vendor, token }: Pick<FaultDevice, 'vendor' | 'token'>,
): TokenCounts => simulators[vendor].countsOf(token);

/** Pushes that vendors were asked for, whatever came of them. */
export const receivedInAll = (simulators: Simulators): number =>
  VENDORS.reduce((sum, vendor) => sum + simulators[vendor].counts().received, 0);
