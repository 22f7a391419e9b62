import { expect } from 'chai';
import { example } from './example.js';
import apns from './index.js';
import { overrides } from './overrides.js';
import { settings } from './settings.js';

const refusalOf = (over: Readonly<Record<string, unknown>>): string =>
  settings.validate({ ...example.settings(), ...over }).error?.message ?? '';
const refusalOfOverrides = (value: unknown): string =>
  overrides.validate(value).error?.message ?? '';

describe('APNs settings', () => {
  it('find the endpoint by the environment, unless one is given', () => {
    const endpointOf = (over: Readonly<Record<string, unknown>>): unknown =>
      (settings.validate({ ...example.settings(), ...over }).value as { endpoint: string })
        .endpoint;
    expect(endpointOf({})).to.equal('https://api.push.apple.com');
    expect(endpointOf({ environment: 'sandbox' })).to.equal('https://api.sandbox.push.apple.com');
    expect(endpointOf({ endpoint: 'https://localhost:2197' })).to.equal('https://localhost:2197');
  });

  it('want exactly one of key and certificate', () => {
    const { bundleId, privateKey } = example.settings();
    const certificate = { p12: 'AAAA' };
    expect(settings.validate({ bundleId }).error?.message).to.include('privateKey');
    expect(refusalOf({ certificate })).to.include('certificate');
    expect(settings.validate({ bundleId, privateKey }).error?.message).to.include('teamId');
    expect(settings.validate({ bundleId, certificate }).error).to.be.undefined;
  });

  it('refuse what cannot be right, and name it', () => {
    expect(refusalOf({ teamId: 'short' })).to.include('teamId');
    expect(refusalOf({ environment: 'staging' })).to.include('environment');
    expect(refusalOf({ endpoint: 'http://api.push.apple.com' })).to.include('endpoint');
    expect(refusalOf({ endpoint: 'https://api.push.apple.com/3/device' })).to.include('endpoint');
    expect(refusalOf({ bundleId: 'com.example\nx: y' })).to.include('bundleId');
    expect(refusalOf({ topics: { telegram: 'a' } })).to.include('telegram');
    expect(refusalOf({ privateKey: 'AuthKey.p8' })).to.include('privateKey');
    const ca = '-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----';
    expect(refusalOf({ ca })).to.include('"ca"');
  });
});

describe('APNs tokens', () => {
  it('are hexadecimal, of an even length from 64 to 200, and kept in lower case', () => {
    const { value } = apns.token.validate('AB'.repeat(32)) as { value: string };
    expect(value).to.equal('ab'.repeat(32));
    expect(apns.token.validate('a'.repeat(160)).error).to.be.undefined;
    for (const bad of ['a'.repeat(63), 'a'.repeat(65), 'a'.repeat(202), `${'a'.repeat(63)}g`]) {
      expect(apns.token.validate(bad).error, bad).to.be.an('error');
    }
  });
});

describe('APNs overrides', () => {
  it('take what Apple documents', () => {
    expect(refusalOfOverrides({ sound: { critical: true, name: 'a.caf', volume: 1 } })).to.equal(
      '',
    );
    expect(refusalOfOverrides({ interruptionLevel: 'critical', relevanceScore: 0.5 })).to.equal('');
    expect(refusalOfOverrides({ liveActivity: { event: 'end' } })).to.equal('');
  });

  it('refuse what Apple would refuse, and name it', () => {
    expect(refusalOfOverrides({ pushType: 'telegram' })).to.include('pushType');
    expect(refusalOfOverrides({ priority: 7 })).to.include('priority');
    expect(refusalOfOverrides({ relevanceScore: 2 })).to.include('relevanceScore');
    expect(refusalOfOverrides({ collapseId: 'ü'.repeat(3) })).to.include('collapseId');
    expect(refusalOfOverrides({ collapseId: 'x'.repeat(65) })).to.include('collapseId');
    expect(refusalOfOverrides({ locArgs: ['a'] })).to.include('locKey');
    expect(refusalOfOverrides({ liveActivity: { event: 'update' } })).to.include('contentState');
    expect(refusalOfOverrides({ liveActivity: { event: 'start', contentState: {} } })).to.include(
      'attributes',
    );
    expect(refusalOfOverrides({ aps: {} })).to.include('aps');
  });
});
