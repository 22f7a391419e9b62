import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError, readConfig, userCacheDir } from './config.js';
import { SETTING_NAMES, SETTINGS, type SettingName } from './settings.js';

const operatorKey = (): string => `operator.${randomBytes(32).toString('base64url')}`;
const masterKey = (): string => randomBytes(32).toString('base64url');

const problems = (env: Record<string, string>): readonly string[] => {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe('readConfig', () => {
  it('has a default for everything but the keys and the addresses', () => {
    expect(readConfig({})).to.deep.equal({
      mongodbUri: undefined,
      port: 8080,
      host: '127.0.0.1',
      dataDir: './data',
      cacheDir: userCacheDir({}),
      operatorKey: undefined,
      masterKey: undefined,
      allowPrivateEndpoints: false,
      logLevel: 'info',
      role: 'all',
      lanes: ['transactional', 'default', 'campaign'],
      trustProxy: 0,
      publicUrl: undefined,
      proxy: undefined,
      transport: 'own',
      batchesInFlight: 3,
      bodyLimitBytes: 2 * 1024 * 1024,
    });
  });

  it('takes every setting', () => {
    const key = operatorKey();
    const env = {
      MONGODB_URI: 'mongodb://user:pass@one:27017,two:27018/pigeonpost?replicaSet=rs0',
      PORT: '9090',
      HOST: '::1',
      PIGEONPOST_DATA_DIR: '/var/lib/pigeonpost',
      PIGEONPOST_OPERATOR_KEY: key,
      PIGEONPOST_MASTER_KEY: masterKey(),
      PIGEONPOST_ALLOW_PRIVATE_ENDPOINTS: 'on',
      PIGEONPOST_LOG_LEVEL: 'debug',
      PIGEONPOST_ROLE: 'worker',
      PIGEONPOST_LANES: 'campaign, transactional',
      PIGEONPOST_TRUST_PROXY: '2',
      PIGEONPOST_PUBLIC_URL: 'https://push.example.com/people/',
      PIGEONPOST_PROXY: 'http://user:pass@proxy.example:3128',
      PIGEONPOST_TRANSPORT: 'node',
      PIGEONPOST_BATCHES_IN_FLIGHT: '4',
      PIGEONPOST_BODY_LIMIT_BYTES: '1000',
    };
    expect(Object.keys(env)).to.have.members(SETTING_NAMES);
    expect(readConfig(env)).to.deep.include({
      mongodbUri: env.MONGODB_URI,
      port: 9090,
      host: '::1',
      dataDir: '/var/lib/pigeonpost',
      operatorKey: key,
      masterKey: Buffer.from(env.PIGEONPOST_MASTER_KEY, 'base64url'),
      allowPrivateEndpoints: true,
      logLevel: 'debug',
      role: 'worker',
      lanes: ['transactional', 'campaign'],
      trustProxy: 2,
      publicUrl: 'https://push.example.com/people',
      proxy: env.PIGEONPOST_PROXY,
      transport: 'node',
      batchesInFlight: 4,
      bodyLimitBytes: 1000,
    });
  });

  it('cannot be changed afterwards', () => {
    expect(readConfig({})).to.be.frozen;
  });

  it('takes a zero as a value, and an empty value as none', () => {
    expect(readConfig({ PORT: '0' }).port).to.equal(0);
    expect(readConfig({ PORT: '', PIGEONPOST_ROLE: '', HOST: '', MONGODB_URI: '' })).to.deep.equal(
      readConfig({}),
    );
  });

  it('names a setting it does not know, and leaves the variables of others alone', () => {
    expect(problems({ PIGEONPOST_ROLL: 'api', PATH: '/bin', SOMETHING: '1' })).to.deep.equal([
      'PIGEONPOST_ROLL is not a setting',
    ]);
  });

  it('names all wrong settings at once, and repeats no value', () => {
    const secret = 'a-secret-that-is-short';
    const found = problems({
      PIGEONPOST_OPERATOR_KEY: secret,
      PIGEONPOST_MASTER_KEY: secret,
      PIGEONPOST_PROXY: `https://${secret}@proxy.example`,
      MONGODB_URI: secret,
      PORT: '80a',
    });
    expect(found).to.have.length(5);
    expect(found.join()).to.include('PORT must be a port').and.not.include(secret);
    expect(new ConfigError(found).message).to.include('docs/configuration.md');
  });

  const REFUSED: [SettingName, string[]][] = [
    ['MONGODB_URI', ['localhost:27017', 'http://localhost', 'mongodb://']],
    ['PORT', ['-1', '65536', '80.5', 'http', '0x50']],
    ['HOST', ['not a host', 'a/b', '10.0.0.0/8']],
    [
      'PIGEONPOST_OPERATOR_KEY',
      ['no-dot', 'operator.short', `.${'a'.repeat(32)}`, `a b.${'a'.repeat(32)}`],
    ],
    [
      'PIGEONPOST_MASTER_KEY',
      ['a'.repeat(63), randomBytes(31).toString('base64'), `${masterKey()}!`],
    ],
    ['PIGEONPOST_ALLOW_PRIVATE_ENDPOINTS', ['maybe', '2']],
    ['PIGEONPOST_LOG_LEVEL', ['loud', 'INFO']],
    ['PIGEONPOST_ROLE', ['both']],
    ['PIGEONPOST_TRUST_PROXY', ['on', '-1', '17', 'loopback']],
    ['PIGEONPOST_TRANSPORT', ['http2', 'Own', 'own,node']],
    [
      'PIGEONPOST_PUBLIC_URL',
      [
        'push.example',
        'ftp://push.example',
        'https://a:b@push.example',
        'https://push.example/?a=1',
      ],
    ],
    ['PIGEONPOST_PROXY', ['proxy:3128', 'https://proxy', 'http://proxy/path', 'socks5://proxy']],
    ['PIGEONPOST_BATCHES_IN_FLIGHT', ['0', '65', '1.5', 'many']],
    ['PIGEONPOST_BODY_LIMIT_BYTES', ['0', '2MB', '67108865']],
  ];
  for (const [name, values] of REFUSED) {
    it(`refuses a bad ${name} and says what is allowed`, () => {
      for (const value of values) {
        expect(problems({ [name]: value }), value).to.deep.equal([
          `${name} must be ${SETTINGS[name].allowed}`,
        ]);
      }
    });
  }

  it('takes the master key as base64, base64url and hex', () => {
    const bytes = randomBytes(32);
    for (const encoding of ['base64', 'base64url', 'hex'] as const) {
      const config = readConfig({ PIGEONPOST_MASTER_KEY: bytes.toString(encoding) });
      expect(config.masterKey).to.deep.equal(bytes);
    }
  });

  it('takes off for no proxy in front', () => {
    expect(readConfig({ PIGEONPOST_TRUST_PROXY: 'off' }).trustProxy).to.equal(0);
  });

  context('when MONGODB_URI is set', () => {
    const MONGODB_URI = 'mongodb://db.example/?replicaSet=rs0';

    it('requires the keys that several processes must share', () => {
      expect(problems({ MONGODB_URI })).to.deep.equal([
        'PIGEONPOST_MASTER_KEY is required with MONGODB_URI',
        'PIGEONPOST_OPERATOR_KEY is required with MONGODB_URI',
      ]);
    });

    it('listens on all addresses unless HOST says otherwise', () => {
      const keys = { PIGEONPOST_MASTER_KEY: masterKey(), PIGEONPOST_OPERATOR_KEY: operatorKey() };
      expect(readConfig({ MONGODB_URI, ...keys }).host).to.equal('0.0.0.0');
      expect(readConfig({ MONGODB_URI, ...keys, HOST: '10.0.0.7' }).host).to.equal('10.0.0.7');
    });
  });
});

describe('userCacheDir', () => {
  it('is where XDG_CACHE_HOME says, else in the home folder', () => {
    expect(userCacheDir({ XDG_CACHE_HOME: '/cache' })).to.equal(join('/cache', 'pigeonpost'));
    expect(userCacheDir({}).startsWith(homedir())).to.equal(true);
    expect(userCacheDir({ XDG_CACHE_HOME: '' })).to.equal(userCacheDir({}));
  });
});

describe('docs/configuration.md', () => {
  const document = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8');
  const rows = new Map(
    [...document.matchAll(/^\| `([A-Z_]+)` \| (.+?) \| (.+) \|$/gm)].map(
      ([, name, preset, meaning]) => [name!, { preset: preset!, meaning: meaning! }],
    ),
  );

  const presetOf = (name: SettingName): string => {
    if (name === 'HOST') return '`127.0.0.1` when embedded, else `0.0.0.0`';
    const flags = SETTINGS[name].schema.describe().flags as
      | { default?: string | number | false }
      | undefined;
    const preset = flags?.default;
    if (preset == null) return 'none';
    return preset === false || name === 'PIGEONPOST_TRUST_PROXY'
      ? '`off`'
      : `\`${String(preset)}\``;
  };

  it('has a row for every setting, and none for anything else', () => {
    expect([...rows.keys()]).to.have.members(SETTING_NAMES);
  });

  it('tells the true default of each', () => {
    for (const name of SETTING_NAMES) expect(rows.get(name)?.preset, name).to.equal(presetOf(name));
  });
});
