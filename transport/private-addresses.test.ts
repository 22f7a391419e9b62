import type { lookup as dnsLookup, LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { Agent, get } from 'node:https';
import { expect } from 'chai';
import {
  assertPublicHost,
  ForbiddenAddressError,
  guardedLookup,
  isPublicAddress,
} from './private-addresses.js';

const PUBLIC = ['8.8.8.8', '17.188.143.34', '2606:4700::1111', '64:ff9b::808:808'];
const NOT_PUBLIC = {
  'private 10/8': '10.0.0.1',
  'private 172.16/12': '172.31.255.255',
  'private 192.168/16': '192.168.1.1',
  loopback: '127.0.0.1',
  'the whole loopback net': '127.8.8.8',
  'link-local, where clouds keep credentials': '169.254.169.254',
  'carrier-grade NAT': '100.64.0.1',
  multicast: '224.0.0.1',
  broadcast: '255.255.255.255',
  unspecified: '0.0.0.0',
  'this network': '0.1.2.3',
  benchmarking: '198.18.0.1',
  documentation: '192.0.2.1',
  reserved: '240.0.0.1',
  'IPv6 loopback': '::1',
  'IPv6 unspecified': '::',
  'IPv6 unique local': 'fd00::1',
  'IPv6 link-local': 'fe80::1',
  'IPv6 link-local with a zone': 'fe80::1%eth0',
  'IPv6 site-local': 'fec0::1',
  'IPv6 multicast': 'ff02::1',
  'IPv4-mapped': '::ffff:127.0.0.1',
  'IPv4-mapped in hexadecimal': '::ffff:7f00:1',
  'IPv4-compatible': '::7f00:1',
  'NAT64 of a private address': '64:ff9b::7f00:1',
  'local NAT64': '64:ff9b:1::808:808',
  '6to4': '2002:7f00:1::',
  teredo: '2001::1',
  'IPv6 documentation': '2001:db8::1',
  'a short form of loopback': '127.1',
  'a name': 'localhost',
  nothing: '',
};

const resolvesTo = (...addresses: string[]): typeof dnsLookup =>
  ((_host: string, _options: object, callback: (error: null, found: LookupAddress[]) => void) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as unknown as typeof dnsLookup;

const ask = (
  options: Parameters<typeof guardedLookup>[0],
  all: boolean,
): Promise<{ error: Error | null; found: string | LookupAddress[] }> =>
  new Promise((resolve) => {
    guardedLookup(options)('push.example', { all }, (error, found) => resolve({ error, found }));
  });

describe('isPublicAddress', () => {
  for (const address of PUBLIC) {
    it(`accepts ${address}`, () => {
      expect(isPublicAddress(address)).to.equal(true);
    });
  }
  for (const [what, address] of Object.entries(NOT_PUBLIC)) {
    it(`refuses ${what}: ${address}`, () => {
      expect(isPublicAddress(address)).to.equal(false);
    });
  }
});

describe('assertPublicHost', () => {
  it('throws for a literal private address, with or without brackets', () => {
    for (const host of ['127.0.0.1', '[::1]', '::1', '10.1.2.3']) {
      expect(() => assertPublicHost(host), host).to.throw(ForbiddenAddressError, 'not allowed');
    }
  });

  it('lets public addresses pass, and names, which the look-up judges', () => {
    for (const host of ['8.8.8.8', '[2606:4700::1111]', 'localhost', 'push.example']) {
      expect(() => assertPublicHost(host), host).not.to.throw();
    }
  });
});

describe('guardedLookup', () => {
  it('serves an https agent', async () => {
    const agent = new Agent({ lookup: guardedLookup() });
    const [error] = (await once(get('https://localhost:1', { agent }), 'error', {
      signal: AbortSignal.timeout(5_000),
    }).catch((reason: unknown) => [reason])) as [unknown];
    expect(error).to.be.instanceOf(ForbiddenAddressError);
  });

  it('hands on only the public addresses of a name', async () => {
    const lookup = resolvesTo('10.0.0.1', '8.8.8.8', '::1');
    expect((await ask({ lookup }, true)).found).to.deep.equal([{ address: '8.8.8.8', family: 4 }]);
    expect((await ask({ lookup }, false)).found).to.equal('8.8.8.8');
  });

  it('fails for a name without a public address, and hands on none', async () => {
    const { error, found } = await ask({ lookup: resolvesTo('10.0.0.1', '::1') }, true);
    expect(error).to.be.instanceOf(ForbiddenAddressError);
    expect(found).to.deep.equal([]);
  });

  it('hands on everything when private addresses are allowed', async () => {
    const options = { lookup: resolvesTo('10.0.0.1'), allowPrivate: true };
    expect((await ask(options, false)).found).to.equal('10.0.0.1');
  });
});
