import { expect } from 'chai';
import { example } from './example.js';
import harmony from './index.js';
import { overrides } from './overrides.js';
import { settings } from './settings.js';

const refusalOf = (over: Readonly<Record<string, unknown>>): string =>
  settings.validate({ ...example.settings(), ...over }).error?.message ?? '';
const refusalOfOverrides = (value: unknown): string =>
  overrides.validate(value).error?.message ?? '';

describe('Harmony settings', () => {
  it('have Huawei’s endpoint, no categories and no tests unless told', () => {
    const { serviceAccount } = example.settings();
    expect(settings.validate({ serviceAccount }).value).to.deep.include({
      endpoint: 'https://push-api.cloud.huawei.com',
      categories: {},
      testMessage: false,
    });
  });

  it('refuse what cannot be right, and name it', () => {
    const account = example.settings()['serviceAccount'] as Record<string, unknown>;
    const { sub_account: _, ...incomplete } = account;
    expect(refusalOf({ serviceAccount: incomplete })).to.include('sub_account');
    expect(refusalOf({ serviceAccount: { ...account, project_id: '../1' } })).to.include(
      'project_id',
    );
    expect(refusalOf({ categories: { service: 'GOSSIP' } })).to.include('categories.service');
    expect(refusalOf({ categories: { voice: 'PLAY_VOICE' } })).to.include('categories.voice');
    expect(refusalOf({ endpoint: 'http://push-api.cloud.huawei.com' })).to.include('endpoint');
    expect(refusalOf({ defaultClickAction: { actionType: 3 } })).to.include('actionType');
    expect(refusalOf({ defaultClickAction: { actionType: 1 } })).to.include('action');
    const ca = '-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----';
    expect(refusalOf({ ca })).to.include('"ca"');
  });
});

describe('Harmony tokens', () => {
  it('are 20 to 512 printable characters', () => {
    expect(harmony.token.validate('MAM_+/=-'.repeat(3)).error).to.be.undefined;
    for (const bad of ['x'.repeat(19), 'x'.repeat(513), `${'x'.repeat(30)} x`, '信'.repeat(30)]) {
      expect(harmony.token.validate(bad).error, bad).to.be.an('error');
    }
  });
});

describe('Harmony overrides', () => {
  it('take what Huawei documents', () => {
    expect(refusalOfOverrides({ badge: { addNum: 1 }, style: 3, inboxContent: ['a'] })).to.equal(
      '',
    );
    expect(refusalOfOverrides({ collapseKey: -1, profileId: 'p', foregroundShow: false })).to.equal(
      '',
    );
    expect(
      refusalOfOverrides({ pushType: 'background', proxyData: 'ENABLE', backgroundMode: 1 }),
    ).to.equal('');
  });

  it('refuse what Huawei would refuse, and name it', () => {
    const faults: Record<string, Record<string, unknown>> = {
      pushType: { pushType: 0 },
      'badge.setNum': { badge: { setNum: 100 } },
      'badge.addNum': { badge: { addNum: 0 } },
      style: { style: 1 },
      inboxContent: { inboxContent: ['1', '2', '3', '4'] },
      soundDuration: { soundDuration: 61 },
      notifyId: { notifyId: 2 ** 31 },
      appMessageId: { appMessageId: 'a:b' },
      profileId: { profileId: 'x'.repeat(65) },
      collapseKey: { collapseKey: 101 },
      'form.formData': {
        form: { formId: 1, version: 1, moduleName: 'a', formName: 'b', abilityName: 'c' },
      },
      'liveView.operation': {
        liveView: { activityId: 1, operation: 3, event: 'TAXI', status: 'ON' },
      },
      category: { category: 'IM' },
    };
    for (const [name, value] of Object.entries(faults)) {
      expect(refusalOfOverrides(value)).to.include(name);
    }
  });
});
