import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { decodeJwt, SignJWT } from 'jose';
import { renewingCache } from '../test/support/renewing-cache.js';
import type { CredentialCache } from './adapter.js';
import { fingerprint, signedToken } from './signed-token.js';

const MINUTE_MS = 60_000;
const START_MS = Date.parse('2026-03-01T12:00:00Z');

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A clock, and a cache as several processes share it. */
const world = () => {
  let nowMs = START_MS;
  const signed: number[] = [];
  const now = () => nowMs;
  const credentials = renewingCache(now);
  const process = (over: { keepForMs?: number } = {}) =>
    signedToken({
      credentials,
      now,
      cacheKey: 'vendor/team/key',
      renewAfterMs: 50 * MINUTE_MS,
      scheme: 'Bearer',
      sign: async (issuedAtSeconds) => {
        signed.push(issuedAtSeconds);
        return new SignJWT()
          .setProtectedHeader({ alg: 'ES256' })
          .setIssuedAt(issuedAtSeconds)
          .sign(privateKey);
      },
      ...over,
    });
  return { process, signed, pass: (ms: number) => (nowMs += ms) };
};

describe('a signed token', () => {
  it('is announced with its scheme and dated by the clock it was given', async () => {
    const { authorization } = (await world().process().headers()) as { authorization: string };
    expect(authorization).to.match(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
    expect(decodeJwt(authorization.slice('Bearer '.length)).iat).to.equal(START_MS / 1000);
  });

  it('is signed once for many requests and for all processes', async () => {
    const { process, signed } = world();
    const [one, other] = [process(), process()];
    const first = await Promise.all([one.headers(), one.headers()]);
    expect(await other.headers()).to.deep.equal(first[0]);
    expect(first[1]).to.equal(first[0]);
    expect(signed).to.have.length(1);
  });

  it('is kept until it is old, and then replaced', async () => {
    const { process, signed, pass } = world();
    const authorizer = process();
    const first = await authorizer.headers();
    pass(50 * MINUTE_MS - 1000);
    expect(await authorizer.headers()).to.equal(first);
    pass(1000);
    expect(await authorizer.headers()).not.to.deep.equal(first);
    expect(signed).to.deep.equal([START_MS / 1000, START_MS / 1000 + 3000]);
  });

  it('is replaced once when many requests are told that it is stale, and none is handed the old one', async () => {
    const { process, signed } = world();
    const authorizer = process();
    const stale = await authorizer.headers();
    const after = await Promise.all(
      [1, 2, 3].map(async () => {
        await authorizer.drop(stale);
        return authorizer.headers();
      }),
    );
    const during = authorizer.drop(after[0]!).then(() => authorizer.headers());
    expect(await authorizer.headers()).not.to.equal(after[0]);
    await during;
    for (const headers of after) expect(headers).not.to.equal(stale);
    expect(signed).to.have.length(3);
  });

  it('is not replaced again by a process that hears of the same stale token later', async () => {
    const { process, signed } = world();
    const [one, other] = [process(), process()];
    const stale = await one.headers();
    await other.headers();
    await one.drop(stale);
    await other.drop(stale);
    expect(await other.headers()).to.deep.equal(await one.headers());
    expect(signed).to.have.length(2);
  });

  it('is kept while it is too young to be dropped, whatever the vendor says', async () => {
    const { process, signed, pass } = world();
    const authorizer = process({ keepForMs: 20 * MINUTE_MS });
    const first = await authorizer.headers();
    pass(20 * MINUTE_MS - 1000);
    await authorizer.drop(first);
    expect(await authorizer.headers()).to.equal(first);
    pass(1000);
    await authorizer.drop(first);
    expect(await authorizer.headers()).not.to.equal(first);
    expect(signed).to.have.length(2);
  });

  it('is asked for again after the cache has failed', async () => {
    const failing: CredentialCache = {
      get: () =>
        attempts++ === 0
          ? Promise.reject(new Error('Away'))
          : Promise.resolve('e30.eyJpYXQiOjF9.x'),
      drop: async () => {},
    };
    let attempts = 0;
    const authorizer = signedToken({
      credentials: failing,
      now: () => 1000,
      cacheKey: 'key',
      renewAfterMs: MINUTE_MS,
      scheme: 'Bearer',
      sign: async () => '',
    });
    const error: unknown = await authorizer.headers().catch((reason: unknown) => reason);
    expect(error).to.be.an('error').with.property('message', 'Away');
    expect(await authorizer.headers()).to.have.property('authorization');
  });
});

describe('a fingerprint', () => {
  it('is the same for the same private key only, and tells nothing of it', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    expect(fingerprint(privateKey))
      .to.equal(fingerprint(privateKey))
      .and.match(/^[\w-]{22}$/);
    expect(fingerprint(other)).not.to.equal(fingerprint(privateKey));
  });
});
