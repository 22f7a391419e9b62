/** What stands for the vendor: takes every push, in a process of its own, and answers 200 with an id. */
import { createAuthority, issueServerCertificate, type KeyPair } from '../simulators/tls.js';

export const HOST = '127.0.0.1';
/** What APNs announces. */
export const MOST_STREAMS = 1_000;

/** What is answered with a body, by the beginning of the path; everything else is APNs', which has none. */
export const ANSWERS = [
  {
    prefix: '/v1/projects/',
    body: '{"name":"projects/pigeon-bench/messages/0:1500415314455276%31bd1c9631bd1c96"}',
  },
  {
    prefix: '/v3/',
    body: '{"code":"80000000","msg":"Success","requestId":"157440955549500001002006"}',
  },
  {
    prefix: '/token',
    body: '{"access_token":"ya29.made-up","expires_in":3599,"token_type":"Bearer"}',
  },
] as const;

export interface Sink {
  /** For the output. */
  readonly name: string;
  readonly url: string;
  /** PEM of the authority behind its certificate. */
  readonly ca: string;
  readonly pids: readonly number[];
}

export interface Arrival {
  /** By `sharedClockMs`. */
  readonly firstAtMs: number;
  readonly times: number;
}

/** One that can tell when each push arrived. */
export interface RecordingSink extends Sink {
  /** By path. */
  arrivals(): Promise<ReadonlyMap<string, Arrival>>;
  /** How long it was kept from noting anything, at most, before it was asked last; undefined when it does not say. */
  readonly stalledMs?: number;
  readonly stop: () => Promise<void>;
}

export interface SinkCertificate extends KeyPair {
  readonly ca: string;
}

export const makeSinkCertificate = async (): Promise<SinkCertificate> => {
  const authority = await createAuthority();
  return { ...(await issueServerCertificate(authority)), ca: authority.cert };
};
