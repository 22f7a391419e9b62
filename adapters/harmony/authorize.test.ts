import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect } from 'chai';
import { jwtVerify } from 'jose';
import { credentialCache, fakeNetwork } from '../../test/support/fake-network.js';
import { authorize } from './authorize.js';
import type { ServiceAccount } from './settings.js';

const START_MS = Date.parse('2026-03-01T12:00:00Z');
const MINUTE_MS = 60_000;

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const rsaKey = (modulusLength = 2048) => generateKeyPairSync('rsa', { modulusLength }).privateKey;
const key = rsaKey();

const accountWith = (over: Partial<ServiceAccount> = {}): ServiceAccount => ({
  project_id: '7364',
  key_id: 'kid-1',
  sub_account: '114840999',
  private_key: pemOf(key),
  ...over,
});

const world = () => {
  let nowMs = START_MS;
  const { transport } = fakeNetwork(() => Promise.reject(new Error('Unused')));
  const deps = { credentials: credentialCache(), now: () => nowMs, transport };
  return { deps, pass: (ms: number) => (nowMs += ms) };
};

describe('authorizing at Huawei', () => {
  it('signs a token that Huawei can verify: PS256 with a salt of 32 bytes, good for an hour', async () => {
    const { authorizer } = authorize(accountWith(), world().deps);
    const { authorization } = (await authorizer.headers()) as { authorization: string };
    expect(authorization).to.match(/^Bearer /);
    // jose, like Huawei, takes no other salt for PS256.
    const { payload, protectedHeader } = await jwtVerify(
      authorization.slice('Bearer '.length),
      createPublicKey(key),
      { algorithms: ['PS256'], currentDate: new Date(START_MS) },
    );
    expect(protectedHeader).to.deep.equal({ alg: 'PS256', typ: 'JWT', kid: 'kid-1' });
    expect(payload).to.deep.equal({
      iss: '114840999',
      aud: 'https://oauth-login.cloud.huawei.com/oauth2/v3/token',
      iat: START_MS / 1000,
      exp: START_MS / 1000 + 3600,
    });
  });

  it('signs another when Huawei calls the first one stale', async () => {
    const { deps, pass } = world();
    const { authorizer } = authorize(accountWith(), deps);
    const first = await authorizer.headers();
    pass(MINUTE_MS);
    await authorizer.drop(first);
    expect(await authorizer.headers()).not.to.deep.equal(first);
  });

  it('shares a token between profiles of one key, and with nobody who only knows its id', async () => {
    const { deps } = world();
    const one = authorize(accountWith(), deps);
    const other = authorize(accountWith(), deps);
    const stranger = authorize(accountWith({ private_key: pemOf(rsaKey()) }), deps);
    expect(await other.authorizer.headers()).to.deep.equal(await one.authorizer.headers());
    expect(await stranger.authorizer.headers()).not.to.deep.equal(await one.authorizer.headers());
    expect(stranger.credential).not.to.equal(one.credential);
  });

  it('refuses keys that cannot sign for Huawei, in words that do not repeat them', () => {
    const garbled = '-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n';
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const faults: [string, string][] = [
      [garbled, 'serviceAccount.private_key is not a private key that can be read'],
      [pemOf(ec), 'serviceAccount.private_key must be an RSA key of 2048 bits or more'],
      [pemOf(rsaKey(1024)), 'serviceAccount.private_key must be an RSA key of 2048 bits or more'],
    ];
    for (const [private_key, words] of faults) {
      const open = () => authorize(accountWith({ private_key }), world().deps);
      expect(open).to.throw(words);
      expect(open).not.to.throw(private_key.split('\n')[1]);
    }
  });
});
