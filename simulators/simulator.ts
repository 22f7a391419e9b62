/** Puts one simulator together: TLS server, records, faults and side door. */
import { serveAdmin } from './admin.js';
import type { VendorRules } from './exchange.js';
import { type Fault, FaultRefused, Faults } from './faults.js';
import { VendorServer } from './http-server.js';
import { loadMaterial, type Material } from './material.js';
import {
  type Counts,
  type PushRecord,
  type RecordLimits,
  Records,
  type TokenCounts,
} from './records.js';
import type { AnswerRow } from './tokens.js';

export interface SimulatorOptions extends RecordLimits {
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly adminPort?: number;
  /** Keys and certificates; by default one set for the whole process. */
  readonly material?: Material;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** What answers with Retry-After ask for; default 1. */
  readonly retryAfterSeconds?: number;
  /** How long `slow` tokens wait; default 3,000. */
  readonly slowMs?: number;
}

/** What a test or a person does with a running simulator. */
export interface Simulator<Credentials> {
  /** `https://host:port`. */
  readonly url: string;
  /** Plain HTTP on loopback. */
  readonly adminUrl: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string;
  readonly credentials: Credentials;
  /** Pushes, oldest first; of one recipient when `token` is given. */
  received(token?: string): PushRecord[];
  counts(): Counts;
  /** How often one device was named, accepted, really reached and shown something. */
  countsOf(token: string): TokenCounts;
  /** The pushes that are on a device's screen now. */
  screenOf(token: string): PushRecord[];
  /** Counters of every recipient. */
  tokens(): Iterable<TokenCounts>;
  /** Throws FaultRefused. */
  fault(fault: Fault): void;
  /** Forgets records, faults and the turns of tokens; connections and credentials stay. */
  reset(): void;
  close(): Promise<void>;
}

/** What every vendor's rules need to know of the options. */
export interface RuleContext {
  readonly material: Material;
  readonly now: () => number;
  readonly retryAfterSeconds: number;
  readonly slowMs: number;
}

const DEFAULT_SLOW_MS = 3000;

export interface VendorParts<Memory, Parsed, Credentials> {
  rules(context: RuleContext): VendorRules<Memory, Parsed>;
  credentials(material: Material, url: string): Credentials;
  readonly answers: readonly AnswerRow[];
  makeToken(seed: string, answer?: string): string;
  readonly maxConcurrentStreams: number;
  readonly allowHttp1: boolean;
  readonly asksForCertificate?: boolean;
}

export const startSimulator = async <Memory, Parsed, Credentials>(
  options: SimulatorOptions,
  vendor: VendorParts<Memory, Parsed, Credentials>,
): Promise<Simulator<Credentials>> => {
  const { host = '127.0.0.1', now = Date.now } = options;
  const material = options.material ?? (await loadMaterial());
  const rules = vendor.rules({
    material,
    now,
    retryAfterSeconds: options.retryAfterSeconds ?? 1,
    slowMs: options.slowMs ?? DEFAULT_SLOW_MS,
  });
  const records = new Records(options, now);
  const faults = new Faults(rules.answerNames);
  const reset = (): void => {
    records.reset();
    faults.reset();
    rules.reset();
  };
  const server = new VendorServer({
    rules,
    records,
    faults,
    certificate: material.server,
    authority: material.authority.cert,
    maxConcurrentStreams: vendor.maxConcurrentStreams,
    allowHttp1: vendor.allowHttp1,
    asksForCertificate: vendor.asksForCertificate ?? false,
  });
  const port = await server.listen(options.port ?? 0, host);
  const makeToken = (seed: string, answer?: string): string => {
    if (answer != null && !vendor.answers.some((row) => row.answer === answer)) {
      throw new FaultRefused(`No answer is called ${answer}, see GET /answers`);
    }
    return vendor.makeToken(seed, answer);
  };
  const { answers } = vendor;
  const admin = await serveAdmin({
    ...{ records, faults, answers, makeToken, reset },
    port: options.adminPort ?? 0,
  }).catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    url,
    adminUrl: admin.url,
    ca: material.authority.cert,
    credentials: vendor.credentials(material, url),
    received: (token) => [...records.list(token)],
    counts: () => records.counts(),
    countsOf: (token) => records.countsOf(token),
    screenOf: (token) => records.screenOf(token),
    tokens: () => records.tokens(),
    fault: (fault) => faults.add(fault),
    reset,
    close: async () => {
      await Promise.all([server.close(), admin.close()]);
    },
  };
};
