import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect } from 'chai';
import Joi from 'joi';
import { jwtVerify } from 'jose';
import { makeCertificate } from '../../test/support/apns-certificate.js';
import { credentialCache, fakeNetwork } from '../../test/support/fake-network.js';
import type { AdapterDeps } from '../adapter.js';
import { CredentialRefused } from '../http-adapter.js';
import { authorize } from './authorize.js';
import { type ApnsSettings, settings } from './settings.js';

const START_MS = Date.parse('2026-03-01T12:00:00Z');
const MINUTE_MS = 60_000;

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const ecKey = (namedCurve = 'P-256') => generateKeyPairSync('ec', { namedCurve }).privateKey;

const world = () => {
  let nowMs = START_MS;
  const deps: AdapterDeps = {
    credentials: credentialCache(),
    now: () => nowMs,
    transport: fakeNetwork(() => Promise.reject(new Error('Unused'))).transport,
  };
  return { deps, pass: (ms: number) => (nowMs += ms) };
};

const settingsWith = (over: Readonly<Record<string, unknown>>): ApnsSettings => {
  const given = {
    teamId: 'TEAM123456',
    keyId: 'KEYID12345',
    bundleId: 'com.example.shop',
    ...over,
  };
  return Joi.attempt<typeof settings>(given, settings);
};
const withCertificate = (certificate: Readonly<Record<string, unknown>>): ApnsSettings =>
  settingsWith({ teamId: undefined, keyId: undefined, certificate });

const tokenOf = (headers: Readonly<Record<string, string>>): string =>
  headers['authorization']!.replace(/^bearer /, '');

describe('authorizing at APNs', () => {
  context('with a signing key', () => {
    it('sends a provider token that Apple can verify: ES256 in raw form, team, key and time', async () => {
      const key = ecKey();
      const { authorizer } = authorize(settingsWith({ privateKey: pemOf(key) }), world().deps);
      const headers = await authorizer.headers();
      expect(Object.keys(headers)).to.deep.equal(['authorization']);
      expect(headers['authorization']).to.match(/^bearer /);
      const { payload, protectedHeader } = await jwtVerify(tokenOf(headers), createPublicKey(key), {
        algorithms: ['ES256'],
        currentDate: new Date(START_MS),
      });
      expect(protectedHeader).to.deep.equal({ alg: 'ES256', kid: 'KEYID12345' });
      expect(payload).to.deep.equal({ iss: 'TEAM123456', iat: START_MS / 1000 });
      const signature = tokenOf(headers).split('.')[2]!;
      expect(Buffer.from(signature, 'base64url')).to.have.length(64);
    });

    it('keeps a token for 20 minutes even if Apple calls it expired', async () => {
      const { deps, pass } = world();
      const { authorizer } = authorize(settingsWith({ privateKey: pemOf(ecKey()) }), deps);
      const first = await authorizer.headers();
      pass(19 * MINUTE_MS);
      await authorizer.drop(first);
      expect(await authorizer.headers()).to.equal(first);
      pass(MINUTE_MS);
      await authorizer.drop(first);
      expect(await authorizer.headers()).not.to.deep.equal(first);
    });

    it('shares token and connection between profiles of one key, and of nobody else', async () => {
      const { deps } = world();
      const [mine, theirs] = [pemOf(ecKey()), pemOf(ecKey())];
      const one = authorize(settingsWith({ privateKey: mine }), deps);
      const other = authorize(settingsWith({ privateKey: mine, bundleId: 'com.example.b' }), deps);
      const stranger = authorize(settingsWith({ privateKey: theirs }), deps);
      expect(other.credential).to.equal(one.credential);
      expect(await other.authorizer.headers()).to.deep.equal(await one.authorizer.headers());
      expect(stranger.credential).not.to.equal(one.credential);
      expect(await stranger.authorizer.headers()).not.to.deep.equal(await one.authorizer.headers());
    });

    it('keeps connections of the two environments apart', () => {
      const privateKey = pemOf(ecKey());
      const production = authorize(settingsWith({ privateKey }), world().deps);
      const sandbox = authorize(settingsWith({ privateKey, environment: 'sandbox' }), world().deps);
      expect(sandbox.credential).not.to.equal(production.credential);
    });

    it('refuses keys that cannot sign for Apple, in words that do not repeat them', () => {
      const garbled = '-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n';
      const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
      const faults: [string, RegExp][] = [
        [garbled, /^privateKey is not a private key that can be read/],
        [pemOf(ecKey('P-384')), /^privateKey must be an EC key on the curve P-256/],
        [pemOf(rsa), /^privateKey must be an EC key on the curve P-256/],
      ];
      for (const [privateKey, words] of faults) {
        const open = () => authorize(settingsWith({ privateKey }), world().deps);
        expect(open).to.throw(words);
        expect(open).not.to.throw(privateKey.split('\n')[1]);
      }
    });
  });

  context('with a certificate', () => {
    it('sends no header, and hands the pair to TLS', async () => {
      const made = makeCertificate({ notAfter: new Date(START_MS + 86_400_000) });
      const { deps } = world();
      const { authorizer, tls, credential } = authorize(
        withCertificate({ cert: made.cert, key: made.key }),
        deps,
      );
      expect(await authorizer.headers()).to.deep.equal({});
      expect(tls).to.deep.equal({ cert: made.cert, key: made.key });
      expect(credential).to.match(/^production\/certificate\//);
    });

    it('refuses to push once the certificate has expired', async () => {
      const made = makeCertificate({ notAfter: new Date(START_MS + 86_400_000) });
      const { deps, pass } = world();
      const { authorizer } = authorize(
        withCertificate({ p12: made.p12('pw'), passphrase: 'pw' }),
        deps,
      );
      await authorizer.headers();
      pass(86_400_000);
      const error: unknown = await authorizer.headers().catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(CredentialRefused);
      expect(error).to.include({ detail: 'The certificate expired on 2026-03-02' });
    });
  });
});
