import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import Joi from 'joi';
import { example } from './example.js';
import { type FcmSettings, settings } from './settings.js';

const given = example.settings() as { serviceAccount: Record<string, unknown> };
const withAccount = (over: Record<string, unknown>) => ({
  serviceAccount: { ...given.serviceAccount, ...over },
});
const valid = (from: unknown): FcmSettings => Joi.attempt(from, settings);

describe('fcm settings', () => {
  it('take a service account as an object or as the text of its file', () => {
    const text = JSON.stringify(given.serviceAccount);
    expect(valid({ serviceAccount: text })).to.deep.equal(valid(given));
  });

  it('keep of it only what is used, and know where Google is', () => {
    const { serviceAccount, ...rest } = valid(given);
    expect(serviceAccount).to.have.all.keys('type', 'project_id', 'client_email', 'private_key');
    expect(rest).to.deep.equal({
      endpoint: 'https://fcm.googleapis.com',
      tokenEndpoint: 'https://oauth2.googleapis.com/token',
      channels: {},
      recallByApp: false,
    });
  });

  const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();

  const refused: Record<string, [string, object]> = {
    'no service account': ['serviceAccount', {}],
    'a credential of another type': [
      'serviceAccount.type',
      withAccount({ type: 'external_account' }),
    ],
    'a token endpoint hidden in the file': [
      'serviceAccount.token_uri',
      withAccount({ token_uri: 'https://token.test/' }),
    ],
    'a project that would leave its path': [
      'serviceAccount.project_id',
      withAccount({ project_id: '../x' }),
    ],
    'a key that is none': ['serviceAccount.private_key', withAccount({ private_key: 'key' })],
    'a key that cannot sign RS256': [
      'serviceAccount.private_key',
      withAccount({ private_key: elliptic }),
    ],
    'plain http': ['endpoint', { ...given, endpoint: 'http://fcm.test' }],
    'a path in the endpoint': ['endpoint', { ...given, endpoint: 'https://fcm.test/v1' }],
    'a password in the endpoint': ['endpoint', { ...given, endpoint: 'https://a:b@fcm.test' }],
    'plain http for tokens': ['tokenEndpoint', { ...given, tokenEndpoint: 'http://a.test/' }],
    'an authority that is none': ['ca', { ...given, ca: 'a friend' }],
    'an authority that only looks like one': [
      'ca',
      { ...given, ca: '-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----' },
    ],
    'a misspelt setting': ['chanels', { ...given, chanels: {} }],
  };
  for (const [name, [field, from]] of Object.entries(refused)) {
    it(`refuse ${name}, and name ${field}`, () => {
      expect(settings.validate(from).error?.message).to.include(field);
    });
  }

  it('never repeat a key that they refuse', () => {
    const private_key = 'not-a-key-but-still-secret';
    const { error } = settings.validate(withAccount({ private_key }));
    expect(error?.message).to.include('private_key').and.not.to.include(private_key);
  });
});
