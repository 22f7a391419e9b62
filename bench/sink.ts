/** What stands for the vendor: takes every push of APNs' form, in a process of its own, and answers 200 with an id. */
import { createAuthority, issueServerCertificate, type KeyPair } from '../simulators/tls.js';

export const HOST = '127.0.0.1';
/** What APNs announces. */
export const MOST_STREAMS = 1_000;

export interface Sink {
  /** For the output. */
  readonly name: string;
  readonly url: string;
  /** PEM of the authority behind its certificate. */
  readonly ca: string;
  readonly pids: readonly number[];
}

export interface SinkCertificate extends KeyPair {
  readonly ca: string;
}

export const makeSinkCertificate = async (): Promise<SinkCertificate> => {
  const authority = await createAuthority();
  return { ...(await issueServerCertificate(authority)), ca: authority.cert };
};
