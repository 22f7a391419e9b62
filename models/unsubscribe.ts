/** Declines for a device, or for a person with all their devices. */
import { block } from './block-list.js';
import { mergeConsent } from './consent.js';
import { recordOfConsent } from './consent-record.js';
import { dbOf } from './database.js';
import type { ChangeContext } from './device-changes.js';
import { DeviceSet, type Named } from './device-set.js';
import { UNSUBSCRIBED } from './suppression.js';
import { accountKey } from './token-key.js';
import { inTransaction } from './transaction.js';

/** As the history of consent tells it. */
const SOURCE = 'unsubscribe-link';

export interface Unsubscription {
  readonly who: Named;
  /** Absent: no pushes at all. */
  readonly purpose?: string;
}

/**
 * The consent of each device is denied, as if it had been in the app. An account is put on the suppression list besides, for
 * devices that come to it later. Done once more, it changes nothing.
 */
export const unsubscribe = (
  { connection, app, by, now, hashSecret }: ChangeContext & { readonly hashSecret: Buffer },
  { who, purpose }: Unsubscription,
): Promise<void> =>
  inTransaction(connection, async (session) => {
    const db = dbOf(connection);
    if ('account' in who) {
      const entry = {
        key: accountKey(hashSecret, who.account),
        kind: 'account' as const,
        ...(purpose == null ? {} : { purpose }),
        ...{ reason: UNSUBSCRIBED, at: now, by },
      };
      await block(db, app, [entry], session);
    }
    const denied =
      purpose == null
        ? { push: 'denied' as const }
        : { purposes: { [purpose]: 'denied' as const } };
    const devices = await DeviceSet.read(db, app, [who], session);
    for (const before of devices.of(who)) {
      const consent = mergeConsent(before.consent, { ...denied, source: SOURCE }, now);
      if (consent === before.consent) continue;
      const after = { ...before, consent, updatedAt: now };
      devices.change(after, recordOfConsent(after, 'unsubscribe', { by, now }));
    }
    await devices.write(db, session);
  });
