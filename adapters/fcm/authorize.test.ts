import { createPublicKey } from 'node:crypto';
import { expect } from 'chai';
import Joi from 'joi';
import { type JWTPayload, jwtVerify } from 'jose';
import { fakeNetwork } from '../../test/support/fake-network.js';
import { TransportError, type TransportReply } from '../../transport/transport.js';
import { CredentialRefused } from '../http-adapter.js';
import { empty, html, json } from '../vendor-samples.js';
import { googleAuthorizer } from './authorize.js';
import { example } from './example.js';
import { settings as schema } from './settings.js';

const settings = Joi.attempt(
  {
    ...example.settings(),
    tokenEndpoint: 'https://tokens.test/oauth/token',
  },
  schema,
);
const MINUTE_MS = 60_000;

const token = (name: string, expiresIn = 3600): TransportReply =>
  json(200, { access_token: name, expires_in: expiresIn, token_type: 'Bearer' });

/** A token endpoint that gives these answers in turn, and a clock. */
const authorizerWith = (...answers: (TransportReply | Error)[]) => {
  const clock = { nowMs: 1_000_000 };
  const { transport, pushes: requests } = fakeNetwork(async () => {
    const answer = answers.shift() ?? expect.fail('the token endpoint was asked once too often');
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const authorizer = googleAuthorizer(settings, {}, { transport, now: () => clock.nowMs });
  const bearer = async () => (await authorizer.headers()).authorization;
  return { authorizer, bearer, requests, clock };
};

const rejection = async (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => expect.fail('it was not rejected'),
    (error: Error) => error,
  );

describe('fcm authorize', () => {
  it('proves the service account with an assertion for Google, wherever it is sent', async () => {
    const { bearer, requests, clock } = authorizerWith(token('one'));
    expect(await bearer()).to.equal('Bearer one');
    expect(requests[0]?.path).to.equal('/oauth/token');
    const form = new URLSearchParams(String(requests[0]?.body));
    expect(form.get('grant_type')).to.equal('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const { payload, protectedHeader } = await jwtVerify<JWTPayload & { scope: string }>(
      form.get('assertion') ?? '',
      createPublicKey(settings.serviceAccount.private_key),
      { audience: 'https://oauth2.googleapis.com/token', currentDate: new Date(clock.nowMs) },
    );
    expect(protectedHeader.alg).to.equal('RS256');
    expect(payload.iss).to.equal(settings.serviceAccount.client_email);
    expect(payload.scope).to.equal('https://www.googleapis.com/auth/firebase.messaging');
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).to.be.within(1, 3600);
    // By the clock it was given, not that of the machine.
    expect(payload.iat).to.equal(Math.floor(clock.nowMs / 1_000));
  });

  it('asks once for all who need a token at the same time, and hands out the same object', async () => {
    const { authorizer, requests } = authorizerWith(token('one'));
    const handed = await Promise.all(Array.from({ length: 50 }, () => authorizer.headers()));
    expect(requests).to.have.length(1);
    expect(new Set([...handed, await authorizer.headers()]).size).to.equal(1);
  });

  it('renews a token 5 minutes before it ends, not earlier', async () => {
    const { bearer, clock } = authorizerWith(token('one'), token('two'));
    await bearer();
    clock.nowMs += 54 * MINUTE_MS;
    expect(await bearer()).to.equal('Bearer one');
    clock.nowMs += 2 * MINUTE_MS;
    expect(await bearer()).to.equal('Bearer two');
  });

  it('uses a token that lives for less than that, too', async () => {
    const { bearer, clock } = authorizerWith(token('one', 60), token('two', 60));
    await bearer();
    clock.nowMs += 20_000;
    expect(await bearer()).to.equal('Bearer one');
    clock.nowMs += 20_000;
    expect(await bearer()).to.equal('Bearer two');
  });

  it('lives on with the old token while the endpoint is away, but not beyond its end', async () => {
    const { bearer, clock } = authorizerWith(token('one'), html(502), html(502));
    await bearer();
    clock.nowMs += 57 * MINUTE_MS;
    expect(await bearer()).to.equal('Bearer one');
    clock.nowMs += 3 * MINUTE_MS;
    expect(await rejection(bearer())).not.to.be.instanceOf(CredentialRefused);
  });

  it('forgets a token that is called stale, but not the newer one', async () => {
    const { authorizer, bearer } = authorizerWith(token('one'), token('two'));
    const first = await authorizer.headers();
    await authorizer.drop(first);
    expect(await bearer()).to.equal('Bearer two');
    await authorizer.drop(first);
    expect(await bearer()).to.equal('Bearer two');
  });

  for (const code of [
    'invalid_grant',
    'invalid_client',
    'unauthorized_client',
    'invalid_scope',
    'something_new',
  ]) {
    it(`tells the operator what ${code} means`, async () => {
      const reply = json(400, { error: code, error_description: 'Invalid JWT Signature.' });
      const { bearer } = authorizerWith(reply);
      const error = await rejection(bearer());
      expect(error).to.be.instanceOf(CredentialRefused);
      expect((error as CredentialRefused).reason).to.equal(code);
      expect((error as CredentialRefused).detail)
        .to.match(/^(Google|The service account) .{20,}/)
        .and.include('Invalid JWT Signature.');
      expect(JSON.stringify([error, String(error), error.stack])).not.to.include('assertion');
    });
  }

  it('asks again after it was refused: the operator may have mended it', async () => {
    const { bearer } = authorizerWith(json(400, { error: 'invalid_grant' }), token('one'));
    await rejection(bearer());
    expect(await bearer()).to.equal('Bearer one');
  });

  const troubles: Record<string, TransportReply | Error> = {
    'a page': html(502),
    'a page with status 200': html(200),
    'an overload': json(503, { error: 'backend_error' }),
    'an empty 400': empty(400),
    'a token that no header can hold': json(200, { access_token: 'a\nb', expires_in: 3600 }),
    'no token': json(200, {}),
  };
  for (const [name, answer] of Object.entries(troubles)) {
    it(`takes ${name} for passing trouble, and does not ask twice`, async () => {
      const { bearer, requests } = authorizerWith(answer);
      expect(await rejection(bearer())).not.to.be.instanceOf(CredentialRefused);
      expect(requests).to.have.length(1);
    });
  }

  it('passes on what the transport says', async () => {
    const forbidden = new TransportError('forbidden', 'tokens.test is a private address', false);
    const { bearer } = authorizerWith(forbidden);
    expect(await rejection(bearer())).to.equal(forbidden);
  });
});
