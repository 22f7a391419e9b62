/** What connecting to an origin takes, worked out once for each: address, TLS context, proxy, address guard. */
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { guardedLookup } from './private-addresses.js';
import type { Origin } from './transport.js';

export interface Proxy {
  readonly host: string;
  readonly port: number;
  /** The value of `proxy-authorization`. */
  readonly authorization?: string;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** The host as the request's `:authority`, with the port unless it is 443. */
  readonly authority: string;
  /** Absent for a literal address, which TLS does not name. */
  readonly servername?: string;
  readonly secureContext: SecureContext;
  readonly proxy?: Proxy;
  readonly allowPrivate: boolean;
  readonly lookup: LookupFunction;
  /** The last TLS session, for resumption. */
  tlsSession?: Buffer;
}

const withoutBrackets = (host: string): string => (host.startsWith('[') ? host.slice(1, -1) : host);

const parseProxy = (url: string): Proxy => {
  const { protocol, hostname, port, username, password } = new URL(url);
  if (protocol !== 'http:') throw new Error('The proxy must be an http:// URL');
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    host: withoutBrackets(hostname),
    port: Number(port || 80),
    ...(login === ':' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
  };
};

const secureContextOf = ({ tls }: Origin): SecureContext =>
  createSecureContext({
    minVersion: 'TLSv1.2',
    // `ca` replaces the built-in authorities, so they are named again beside the additional ones.
    ...(tls?.ca == null ? {} : { ca: [...rootCertificates, tls.ca] }),
    ...(tls?.cert == null ? {} : { cert: tls.cert }),
    ...(tls?.key == null ? {} : { key: tls.key }),
    ...(tls?.pfx == null ? {} : { pfx: tls.pfx }),
    ...(tls?.passphrase == null ? {} : { passphrase: tls.passphrase }),
  });

/** Throws an Error, without secrets in its message, for an origin that cannot be connected to. */
export const endpointOf = (origin: Origin, allowPrivate: boolean): Endpoint => {
  const url = new URL(origin.url);
  if (url.protocol !== 'https:') throw new Error('The origin must be an https:// URL');
  const host = withoutBrackets(url.hostname);
  return {
    host,
    port: Number(url.port || 443),
    authority: url.host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    secureContext: secureContextOf(origin),
    ...(origin.proxy == null ? {} : { proxy: parseProxy(origin.proxy) }),
    allowPrivate,
    lookup: guardedLookup({ allowPrivate }),
  };
};
