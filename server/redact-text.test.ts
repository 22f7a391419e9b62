import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { SignJWT } from 'jose';
import { REDACTED, redactText } from './redact-text.js';

const base64url = (bytes: number): string => randomBytes(bytes).toString('base64url');
const pem = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
const fcmToken = (): string => `${base64url(16).slice(0, 22)}:APA91b${base64url(100)}`;

describe('redactText', () => {
  /** name, what must not be seen, the text around it */
  const secrets: [string, string, (secret: string) => string][] = [
    ['a bearer token', base64url(30), (s) => `header Bearer ${s} was refused`],
    ['a bearer token of one letter', 'q', (s) => `Bearer ${s}`],
    ['basic credentials', base64url(12), (s) => `authorization: Basic ${s}`],
    ['the secret of a key', base64url(32), (s) => `key k_12ab.${s} is revoked`],
    ['an FCM token', fcmToken(), (s) => `no device ${s}, sorry`],
    ['an FCM token in a query', encodeURIComponent(fcmToken()), (s) => `GET /v1/devices?x=${s}`],
    ['an APNs token', randomBytes(32).toString('hex'), (s) => `POST /3/device/${s} 410`],
    ['an APNs token in capitals', randomBytes(80).toString('hex').toUpperCase(), (s) => s],
    ['a Harmony token', `MAMz/${randomBytes(90).toString('base64')}`, (s) => `["${s}"]`],
    ['a private key', pem(), (s) => `cannot read ${s} here`],
    ['a private key on one line', JSON.stringify(pem()).slice(1, -1), (s) => `"${s}"`],
    ['a private key that was cut', pem().slice(0, 120), (s) => s],
    ['the password of a URL', base64url(9), (s) => `mongodb://gateway:${s}@db.example/x`],
    ['a token in a query', base64url(9), (s) => `/v1/devices?limit=1&token=${s}&tag=vip`],
    ['a token in JSON', base64url(9), (s) => `{"deviceToken":"${s}"}`],
    ['a token in JSON in JSON', base64url(9), (s) => `"{\\"token\\":\\"${s}\\"}"`],
    ['a token in a duplicate key', base64url(9), (s) => `dup key: { app: "a", token: "${s}" }`],
    ['a message in JSON', 'Your code is 123', (s) => `{"body": "${s}"}`],
    ['a value that joi refused', 'hunter2', (s) => `"token" with value "${s}" fails`],
    ['a value that Mongoose refused', 'hunter2', (s) => `Cast failed for value "${s}" at "x"`],
    ['a Google access token', `ya29.${base64url(20)}`, (s) => `got ${s}`],
  ];
  for (const [name, secret, around] of secrets) {
    it(`takes out ${name}`, () => {
      const clean = redactText(around(secret));
      expect(clean).to.include(REDACTED);
      expect(clean).not.to.include(secret);
    });
  }

  it('takes out a JWT whole, also one whose signature is as long as the secret of a key', async () => {
    const jwt = await new SignJWT({ sub: 'a' })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(randomBytes(32));
    expect(redactText(`proof ${jwt}.`)).to.match(/^proof \[redacted\]\.?$/);
  });

  it('leaves the id of a key to be seen', () => {
    expect(redactText(`k_12ab.${base64url(32)}`)).to.equal(`k_12ab.${REDACTED}`);
  });

  const harmless = [
    'The task 0a1b2c3d4e5f60718293a4b5 is done after 3 attempts',
    'request 7f0c2d9e-7a51-4f0c-9a55-0d6b1f9c1f00 took 12 ms',
    'Error: no token\n    at send (file:///srv/releases/2026-01-31/pigeonpost/node_modules/some-long-package-name-1/lib/index.js:10:3)',
    'token: the field is required',
    'GET https://fcm.googleapis.com/v1/projects/demo/messages:send 404',
    '-----------------------------------------------------------------------------',
  ];
  for (const text of harmless) {
    it(`leaves "${text.slice(0, 40)}..." as it is`, () => {
      expect(redactText(text)).to.equal(text);
    });
  }

  context('when the text is longer than what is searched', () => {
    it('keeps a bounded part and no head of a token at the cut', () => {
      const words = 'x '.repeat(16_380);
      const clean = redactText(`${words}${randomBytes(32).toString('hex')}`);
      expect(clean.length).to.be.below(8_300);
      expect(clean).to.match(/\[cut\]$/);

      // What goes away before the cut makes room for what stands at it.
      const block = `-----BEGIN X-----${'A'.repeat(32_730)}-----END X-----`;
      expect(redactText(`${block} ab12cd34`)).to.equal(`${REDACTED} [cut]`);
    });

    for (const piece of [
      'eyJ',
      'a',
      'a-',
      '://',
      '-----BEGIN X-----',
      'token:"',
      'Bearer ',
      'a.',
      'APA91',
      '0a/',
    ]) {
      it(`stays quick on ${JSON.stringify(piece)} repeated`, () => {
        const before = process.cpuUsage();
        redactText(piece.repeat(1_000_000 / piece.length));
        // A pattern that goes back over it takes minutes.
        expect(process.cpuUsage(before).user / 1_000).to.be.below(5_000);
      });
    }
  });
});
