/** What `PUT /v1/apps/:app/vendors/:vendor` is told, so that the gateway speaks to the simulators. */
import type { Simulators } from '../simulators/index.js';

/** One purpose that consent to push covers, one that needs a grant of its own. */
export const PURPOSES = { service: 'service', marketing: 'marketing' } as const;

export const vendorSettings = ({ fcm, apns, harmony, ca }: Simulators) => {
  // The gateway takes key files with Google's own token endpoint only; the simulator's is a setting.
  const { token_uri: _, ...serviceAccount } = fcm.credentials.serviceAccount;
  return {
    fcm: {
      serviceAccount,
      endpoint: fcm.url,
      tokenEndpoint: fcm.credentials.tokenUrl,
      ca,
      channels: { [PURPOSES.service]: 'updates', [PURPOSES.marketing]: 'offers' },
    },
    apns: {
      teamId: apns.credentials.teamId,
      keyId: apns.credentials.keyId,
      privateKey: apns.credentials.p8,
      bundleId: apns.credentials.bundleId,
      environment: 'production',
      endpoint: apns.url,
      ca,
    },
    harmony: {
      serviceAccount: harmony.credentials.serviceAccount,
      endpoint: harmony.url,
      ca,
      categories: { [PURPOSES.service]: 'SUBSCRIPTION', [PURPOSES.marketing]: 'MARKETING' },
    },
  };
};
