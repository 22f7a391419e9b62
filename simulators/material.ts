/** The keys and certificates of the simulators: made once a process, or kept in a folder. */
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApnsIdentity, createApnsIdentity } from './apns/credentials.js';
import { createFcmIdentity, type FcmIdentity } from './fcm/credentials.js';
import { createHarmonyIdentity, type HarmonyIdentity } from './harmony/credentials.js';
import { createAuthority, issueServerCertificate, type KeyPair } from './tls.js';

/** Plain data, so that it can be written to a file. */
export interface Material {
  readonly authority: KeyPair;
  readonly server: KeyPair;
  readonly fcm: FcmIdentity;
  readonly apns: ApnsIdentity;
  readonly harmony: HarmonyIdentity;
}

export const createMaterial = async (): Promise<Material> => {
  const authority = await createAuthority();
  const [server, fcm, apns, harmony] = await Promise.all([
    issueServerCertificate(authority),
    createFcmIdentity(),
    createApnsIdentity(authority),
    createHarmonyIdentity(),
  ]);
  return { authority, server, fcm, apns, harmony };
};

let ofThisProcess: Promise<Material> | undefined;

const MATERIAL_FILE = 'material.json';
/** Certificates that end sooner are made anew. */
const SPARE_MS = 7 * 86_400_000;

const isFresh = (material: Material): boolean =>
  Date.parse(new X509Certificate(material.server.cert).validTo) > Date.now() + SPARE_MS;

const readMaterial = async (file: string): Promise<Material | undefined> => {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text == null) return undefined;
  const material = JSON.parse(text) as Material;
  return isFresh(material) ? material : undefined;
};

/**
 * With a folder: what it keeps from last time, so that credentials somebody uploaded stay good. Without: one set for
 * the whole process, because making RSA keys takes longer than most tests.
 */
export const loadMaterial = async (folder?: string): Promise<Material> => {
  if (folder == null) {
    ofThisProcess ??= createMaterial();
    return ofThisProcess;
  }
  const file = join(folder, MATERIAL_FILE);
  const kept = await readMaterial(file);
  if (kept != null) return kept;
  const made = await createMaterial();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(file, JSON.stringify(made), { mode: 0o600 });
  return made;
};
