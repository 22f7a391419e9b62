/** A bare HTTP/2 client and honest (or dishonest) signatures, for tests of the simulators. */
import { constants, createSign, sign } from 'node:crypto';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import type { ApnsKey } from '../apns/credentials.js';
import type { FcmCredentials } from '../fcm/credentials.js';
import type { HarmonyServiceAccount } from '../harmony/credentials.js';

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Parsed when it is JSON, else undefined. */
  readonly json: unknown;
}

export interface TestRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** One connection. */
export class TestClient {
  readonly session: ClientHttp2Session;

  constructor(url: string, options: SecureClientSessionOptions) {
    this.session = connect(url, options);
    this.session.on('error', () => undefined);
  }

  open({ method = 'POST', path, headers = {}, body = '' }: TestRequest): ClientHttp2Stream {
    const stream = this.session.request({ ':method': method, ':path': path, ...headers });
    stream.end(typeof body === 'string' ? body : JSON.stringify(body));
    return stream;
  }

  /** Rejects when the stream breaks before its answer. */
  async send(request: TestRequest): Promise<Answered> {
    const stream = this.open(request);
    let headers: IncomingHttpHeaders = {};
    let text = '';
    stream.on('response', (received) => {
      headers = received;
    });
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    // An 'error' comes before 'close' and would hide the code.
    stream.on('error', () => undefined);
    await new Promise((resolve) => stream.once('close', resolve));
    const status = Number(headers[':status']);
    if (Number.isNaN(status)) {
      throw Object.assign(new Error(`No answer, stream closed with ${stream.rstCode}`), {
        rstCode: stream.rstCode,
      });
    }
    return { status, headers, text, json: parse(text) };
  }

  async close(): Promise<void> {
    if (this.session.destroyed) return;
    const closed = once(this.session, 'close');
    this.session.destroy();
    await closed;
  }
}

type Json = Readonly<Record<string, unknown>>;

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const compact = (header: Json, claims: Json, signer: (text: string) => Buffer): string => {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${signer(text).toString('base64url')}`;
};

export interface JwtChanges {
  readonly header?: Json;
  readonly claims?: Json;
  /** PEM of another key. */
  readonly key?: string;
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** An assertion for Google's token endpoint. */
export const googleAssertion = (
  { serviceAccount }: FcmCredentials,
  { header, claims, key }: JwtChanges = {},
): string =>
  compact(
    { alg: 'RS256', typ: 'JWT', kid: serviceAccount.private_key_id, ...header },
    {
      iss: serviceAccount.client_email,
      scope: 'https://www.googleapis.com/auth/firebase.messaging',
      aud: 'https://oauth2.googleapis.com/token',
      iat: nowSeconds(),
      exp: nowSeconds() + 3600,
      ...claims,
    },
    (text) =>
      createSign('RSA-SHA256')
        .update(text)
        .sign(key ?? serviceAccount.private_key),
  );

/** An APNs provider token; `der` signs in the form that Apple does not take. */
export const providerToken = (
  { p8, keyId, teamId }: ApnsKey,
  { header, claims, key, der = false }: JwtChanges & { der?: boolean } = {},
): string =>
  compact(
    { alg: 'ES256', kid: keyId, ...header },
    { iss: teamId, iat: nowSeconds(), ...claims },
    (text) =>
      sign('sha256', Buffer.from(text), {
        key: key ?? p8,
        dsaEncoding: der ? 'der' : 'ieee-p1363',
      }),
  );

/** A Push Kit token. */
export const huaweiToken = (
  account: HarmonyServiceAccount,
  { header, claims, key, pss = true }: JwtChanges & { pss?: boolean } = {},
): string =>
  compact(
    { kid: account.key_id, typ: 'JWT', alg: 'PS256', ...header },
    {
      iss: account.sub_account,
      aud: 'https://oauth-login.cloud.huawei.com/oauth2/v3/token',
      iat: nowSeconds(),
      exp: nowSeconds() + 3600,
      ...claims,
    },
    (text) =>
      sign('sha256', Buffer.from(text), {
        key: key ?? account.private_key,
        ...(pss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {}),
      }),
  );
