/** Starts FCM, APNs and Push Kit as local servers, together or each alone. */
import { type ApnsSimulator, type ApnsSimulatorOptions, startApnsSimulator } from './apns/index.js';
import { type FcmSimulator, type FcmSimulatorOptions, startFcmSimulator } from './fcm/index.js';
import { writeCredentials } from './files.js';
import {
  type HarmonySimulator,
  type HarmonySimulatorOptions,
  startHarmonySimulator,
} from './harmony/index.js';
import { loadMaterial } from './material.js';

export type { Fault, FaultKind } from './faults.js';
export { createMaterial, loadMaterial, type Material } from './material.js';
export type { Counts, PushRecord, TokenCounts } from './records.js';
export * from './tokens.js';
export {
  type ApnsSimulator,
  type ApnsSimulatorOptions,
  type FcmSimulator,
  type FcmSimulatorOptions,
  type HarmonySimulator,
  type HarmonySimulatorOptions,
  startApnsSimulator,
  startFcmSimulator,
  startHarmonySimulator,
};

type VendorName = 'fcm' | 'apns' | 'harmony';

export interface SimulatorsOptions {
  readonly host?: string;
  /** Vendor ports; free ones by default. */
  readonly ports?: Partial<Record<VendorName, number>>;
  readonly adminPorts?: Partial<Record<VendorName, number>>;
  /** Keeps keys here from run to run, and writes ready-made credential files. */
  readonly folder?: string;
  readonly fcm?: FcmSimulatorOptions;
  readonly apns?: ApnsSimulatorOptions;
  readonly harmony?: HarmonySimulatorOptions;
}

export interface Simulators {
  readonly fcm: FcmSimulator;
  readonly apns: ApnsSimulator;
  readonly harmony: HarmonySimulator;
  /** PEM of the authority of all three. */
  readonly ca: string;
  /** Files written to the folder; empty without one. */
  readonly files: readonly string[];
  close(): Promise<void>;
}

export const startSimulators = async (options: SimulatorsOptions = {}): Promise<Simulators> => {
  const material = await loadMaterial(options.folder);
  const shared = (vendor: VendorName) => ({
    material,
    ...(options.host == null ? {} : { host: options.host }),
    port: options.ports?.[vendor] ?? 0,
    adminPort: options.adminPorts?.[vendor] ?? 0,
    ...options[vendor],
  });
  const starting = [
    startFcmSimulator(shared('fcm')),
    startApnsSimulator(shared('apns')),
    startHarmonySimulator(shared('harmony')),
  ] as const;
  const close = async (): Promise<void> => {
    const started = await Promise.allSettled(starting);
    await Promise.all(
      started.flatMap((one) => (one.status === 'fulfilled' ? [one.value.close()] : [])),
    );
  };
  try {
    const [fcm, apns, harmony] = await Promise.all(starting);
    const running = { fcm, apns, harmony, ca: fcm.ca };
    const files = options.folder == null ? [] : await writeCredentials(options.folder, running);
    return { ...running, files, close };
  } catch (error) {
    await close();
    throw error;
  }
};
