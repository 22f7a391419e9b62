import { expect } from 'chai';
import { testApi } from '../test/support/api.js';

describe('Limits over HTTP', () => {
  const api = testApi();
  const register = (token: string, body: Record<string, unknown> = {}) =>
    api().request('PUT', '/v1/devices', {
      body: { vendor: 'sandbox', token: `sandbox-${token}`, account: 'ada', ...body },
    });
  before(async () => {
    const changed = await api().request('PATCH', '/v1/apps/shop', {
      body: { devicesPerAccount: 2 },
    });
    expect(changed.body).to.have.property('devicesPerAccount', 2);
    await register('1');
    await register('2');
  });

  const full = {
    code: 'LIMIT_REACHED',
    errors: [
      {
        field: 'account',
        detail: 'Has 2 devices, as many as one account may have in this app (devicesPerAccount)',
      },
    ],
  };

  it('refuse the device that is one too many in its account, and name the limit', async () => {
    const refused = await register('3');
    expect(refused.status).to.equal(409);
    expect(refused.body).to.deep.include(full);
  });

  it('refuse a change that would bring it there', async () => {
    const other = await register('4', { account: 'bob' });
    const refused = await api().request('PATCH', `/v1/devices/${other.body.id}`, {
      body: { account: 'ada' },
    });
    expect(refused.status).to.equal(409);
    expect(refused.body).to.deep.include(full);
  });

  it('refuse only the line of an import that is one too many', async () => {
    const line = (token: string, account: string) =>
      `${JSON.stringify({ vendor: 'sandbox', token: `sandbox-${token}`, account })}\n`;
    const imported = await api().request('POST', '/v1/devices/import', {
      headers: { 'content-type': 'application/x-ndjson' },
      body: line('5', 'ada') + line('6', 'cleo'),
    });
    expect(imported.body).to.deep.include({
      created: 1,
      refused: 1,
      errors: [{ line: 1, field: 'account', reason: 'account-full' }],
    });
  });

  it('are 100 devices for an account unless an app says otherwise', async () => {
    await api().createApp('other');
    const { body } = await api().request('GET', '/v1/apps/other', { key: api().operatorKey });
    expect(body).to.have.property('devicesPerAccount', 100);
  });

  it('take no number of devices that makes no sense', async () => {
    for (const devicesPerAccount of [0, 1_001, 2.5, '7', null]) {
      const { status } = await api().request('PATCH', '/v1/apps/shop', {
        body: { devicesPerAccount },
      });
      expect(status, String(devicesPerAccount)).to.equal(422);
    }
  });
});
