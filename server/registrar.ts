/** Registers devices; what is asked for at the same time with one key shares a transaction. */
import { LRUCache } from 'lru-cache';
import { createGroup } from '../jobs/group.js';
import {
  type RegistrationRequest,
  type RegistrationResult,
  registerDevices,
} from '../models/bulk-registration.js';
import type { DeviceContext } from './device-context.js';

export type Registrar = (
  context: DeviceContext,
  request: RegistrationRequest,
) => Promise<RegistrationResult>;

interface Asked {
  readonly context: DeviceContext;
  readonly request: RegistrationRequest;
}

const MOST_KEYS = 1_000;
const MOST_TOGETHER = 100;
const AT_ONCE = 2;

/** As if they had come one by one, at the time of the first: an opt-in must not be dated behind an erasure that came after it. */
const registerTogether = async (asked: readonly Asked[]): Promise<RegistrationResult[]> => {
  const [first] = asked;
  if (first == null) return [];
  const context = { ...first.context, cause: 'registration' as const };
  return registerDevices(
    context,
    asked.map(({ request }) => request),
  );
};

const registerAlone = async (asked: Asked): Promise<RegistrationResult> => {
  const [result] = await registerTogether([asked]);
  if (result == null) throw new Error('A registration has no result');
  return result;
};

export const createRegistrar = (): Registrar => {
  // The history of consent names the key: only what came with the same one goes together.
  const groups = new LRUCache<string, (asked: Asked) => Promise<RegistrationResult>>({
    max: MOST_KEYS,
  });
  return (context, request) => {
    const key = `${context.app}/${context.by}`;
    const known = groups.get(key);
    const group =
      known ??
      createGroup<Asked, RegistrationResult>({
        together: registerTogether,
        alone: registerAlone,
        most: MOST_TOGETHER,
        atOnce: AT_ONCE,
      });
    if (known == null) groups.set(key, group);
    return group({ context, request });
  };
};
