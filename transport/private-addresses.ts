/** Keeps connections off private networks: only globally routed unicast addresses are let through, at the moment of connecting. */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A host is, or resolves to, an address that is not on the public internet. */
export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';
  readonly code = 'ERR_FORBIDDEN_ADDRESS';
  constructor(host: string) {
    super(`${host} is a private, loopback or reserved address, which is not allowed`);
  }
}

// Everything else in IPv6 is not handed out: https://www.iana.org/assignments/ipv6-address-space
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
// A network with DNS64 shows every IPv4 host as 64:ff9b::a.b.c.d (RFC 6052 section 2.1).
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

const isPublicIPv4 = (address: ipaddr.IPv4): boolean => address.range() === 'unicast';

const isPublicIPv6 = (address: ipaddr.IPv6): boolean =>
  address.match(NAT64)
    ? isPublicIPv4(new ipaddr.IPv4(address.toByteArray().slice(-4)))
    : address.match(GLOBAL_UNICAST) && address.range() === 'unicast';

/** Whether a literal IPv4 or IPv6 address is globally routed unicast. Anything that does not parse is not. */
export const isPublicAddress = (address: string): boolean => {
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.parse(address);
  return parsed instanceof ipaddr.IPv6 ? isPublicIPv6(parsed) : isPublicIPv4(parsed);
};

/**
 * Throws ForbiddenAddressError when `host` (a URL's `hostname`, brackets allowed) is a literal address that is not
 * public. Names pass: what they resolve to is the business of `guardedLookup`. Sockets skip their lookup for a literal,
 * so both are needed.
 */
export const assertPublicHost = (host: string): void => {
  const bare = host.startsWith('[') ? host.slice(1, -1) : host;
  if (isIP(bare) !== 0 && !isPublicAddress(bare)) throw new ForbiddenAddressError(bare);
};

export interface GuardedLookupOptions {
  /** Lets every address through; for tests, simulators and vendors inside one's own network. */
  readonly allowPrivate?: boolean;
  /** Where names are resolved; `dns.lookup` unless given. */
  readonly lookup?: typeof dnsLookup;
}

/**
 * A `lookup` for sockets and agents that hands on public addresses only. The address that was judged is the one that is
 * connected to, so a name whose answer changes between two questions (DNS rebinding) gains nothing. A name without any
 * public address fails with ForbiddenAddressError.
 */
export const guardedLookup = ({
  allowPrivate = false,
  lookup = dnsLookup,
}: GuardedLookupOptions = {}): LookupFunction => {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const allowed: LookupAddress[] = allowPrivate
        ? found
        : found.filter(({ address }) => isPublicAddress(address));
      const [first] = allowed;
      if (!first) return callback(new ForbiddenAddressError(hostname), []);
      if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
};
