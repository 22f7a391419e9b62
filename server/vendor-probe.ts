/** Tries a vendor's credentials with a message to nobody, before they are stored. */
import type { AdapterDeps, Message, Outcome, Vendor } from '../adapters/adapter.js';
import { DEFAULT_PURPOSE } from '../models/app.js';
import { newTaskId } from '../models/task.js';
import { problem } from './problems.js';

const PROBE_TIMEOUT_MS = 10_000;

/** `ok`: the vendor knows us. `unreachable`: it could not be asked now; `reason` says why. */
export type ProbeResult =
  | { readonly result: 'ok' | 'skipped' }
  | { readonly result: 'unreachable'; readonly reason: string };

const probeMessage = (): Message => {
  const id = newTaskId();
  return {
    taskId: id.toHexString(),
    dedupeId: Buffer.from(id.id).toString('base64url'),
    title: 'Probe',
    silent: false,
    priority: 'normal',
    purpose: DEFAULT_PURPOSE,
    storeSeconds: 0,
  };
};

const refused = (reason: string, detail: string | undefined): never => {
  throw problem('CREDENTIAL_REFUSED', {
    detail: detail ?? `The vendor answers ${reason}`,
    members: { reason },
  });
};

const sendProbe = async (
  vendor: Vendor,
  settings: Record<string, unknown>,
  deps: AdapterDeps,
): Promise<Outcome | undefined> => {
  let adapter: ReturnType<Vendor['open']>;
  try {
    adapter = vendor.open(settings, deps);
  } catch (error) {
    // By the contract of `open`, the message is safe to show.
    return refused('settings-unusable', error instanceof Error ? error.message : undefined);
  }
  try {
    const targets = [{ token: vendor.probeToken }];
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    return (await adapter.send(probeMessage(), targets, signal))[0];
  } finally {
    await adapter.close?.();
  }
};

/** Throws CREDENTIAL_REFUSED, or ENDPOINT_FORBIDDEN when the transport does not let us out to the endpoint. */
export const probe = async (
  vendor: Vendor,
  settings: Record<string, unknown>,
  deps: AdapterDeps,
): Promise<ProbeResult> => {
  const outcome = await sendProbe(vendor, settings, deps);
  if (outcome?.kind === 'account-refused') {
    if (outcome.reason === 'endpoint-forbidden') throw problem('ENDPOINT_FORBIDDEN');
    return refused(outcome.reason, outcome.detail);
  }
  // Whatever it says about token or message, it took our word for who we are.
  return outcome?.kind === 'try-later'
    ? { result: 'unreachable', reason: outcome.reason }
    : { result: 'ok' };
};
