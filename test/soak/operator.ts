/** The operator of a soak: stores vendors' settings, and ends the rests of vendors that are well again. */
import type { VendorName } from '../faults/row.js';
import { FLEET_APP } from '../support/fleet.js';
import type { Ground } from './ground.js';
import { jsonOf } from './line.js';

const VENDORS_PATH = `/v1/apps/${FLEET_APP}/vendors`;
const OK = 200;

/** New settings end a rest, whatever they are. */
export const storeSettings = async (
  { line, settings, violations }: Ground,
  vendor: VendorName,
  ratePerSecond: number | null,
): Promise<void> => {
  const reply = await line.insist({
    method: 'PUT',
    path: `${VENDORS_PATH}/${vendor}?probe=skip`,
    body: { ...settings[vendor], ratePerSecond },
  });
  if (reply.status === OK) return;
  const seen = `${reply.status} ${reply.text}`;
  violations.add({ promise: 'settings are stored', expected: `${OK}`, seen });
};

interface Profiles {
  readonly items: readonly { vendor: VendorName; breaker: { state: string } }[];
}

/** By itself a breaker may rest for minutes, and the soak would stand still with it. */
export const endRests = async (ground: Ground): Promise<void> => {
  const reply = await ground.line.ask({ method: 'GET', path: VENDORS_PATH, withinMs: 5_000 });
  if (reply?.status !== OK) return;
  for (const { vendor, breaker } of jsonOf<Profiles>(reply).items) {
    if (breaker.state !== 'closed') await storeSettings(ground, vendor, null);
  }
};
