/** Writes what a sender's configuration asks for: the authority, keys and service accounts, and a list of URLs. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApnsSimulator } from './apns/index.js';
import type { FcmSimulator } from './fcm/index.js';
import type { HarmonySimulator } from './harmony/index.js';

export interface CredentialSources {
  readonly ca: string;
  readonly fcm: FcmSimulator;
  readonly apns: ApnsSimulator;
  readonly harmony: HarmonySimulator;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const contentsOf = ({ ca, fcm, apns, harmony }: CredentialSources): Record<string, string> => {
  const { keyId, teamId, bundleId, p8, certificate } = apns.credentials;
  return {
    'ca.pem': ca,
    'fcm-service-account.json': json(fcm.credentials.serviceAccount),
    [`AuthKey_${keyId}.p8`]: p8,
    'apns-certificate.pem': certificate.cert,
    'apns-certificate-key.pem': certificate.key,
    'harmony-service-account.json': json(harmony.credentials.serviceAccount),
    'simulators.json': json({
      fcm: { url: fcm.url, adminUrl: fcm.adminUrl, tokenUrl: fcm.credentials.tokenUrl },
      apns: { url: apns.url, adminUrl: apns.adminUrl, keyId, teamId, bundleId },
      harmony: {
        url: harmony.url,
        adminUrl: harmony.adminUrl,
        projectId: harmony.credentials.projectId,
        clientId: harmony.credentials.clientId,
      },
    }),
  };
};

/** Paths of the files, all of mode 0600. */
export const writeCredentials = async (
  folder: string,
  sources: CredentialSources,
): Promise<string[]> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return Promise.all(
    Object.entries(contentsOf(sources)).map(async ([name, content]) => {
      const file = join(folder, name);
      await writeFile(file, content, { mode: 0o600 });
      return file;
    }),
  );
};
