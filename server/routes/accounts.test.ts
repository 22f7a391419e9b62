import { expect } from 'chai';
import { testApi } from '../../test/support/api.js';

describe('Accounts over HTTP', () => {
  const api = testApi();
  const register = (token: string, body: Record<string, unknown>) =>
    api().request('PUT', '/v1/devices', { body: { vendor: 'sandbox', token, ...body } });

  it('show what is held about a person', async () => {
    const account = 'ann @ home/1';
    const facts = {
      osVersion: '17.1',
      brand: 'xiaomi',
      platform: 'ipados',
      attributes: { age: 36 },
    };
    await register('sandbox-a1', { account, tags: ['vip'], ...facts });
    await register('sandbox-a2', { account });
    const path = `/v1/accounts/${encodeURIComponent(account)}`;
    const { status, body } = await api().request('GET', path);
    expect(status).to.equal(200);
    expect(body).to.have.property('account', account);
    expect(body.items).to.have.lengthOf(2);
    expect(body.items[0]).to.deep.include(facts).and.to.include.keys('lastSeenAt');
    expect(body).not.to.have.property('suppressedAt');
    const page = await api().request('GET', `${path}?limit=1`);
    const rest = await api().request('GET', `${path}?limit=1&cursor=${page.body.nextCursor}`);
    expect([...page.body.items, ...rest.body.items]).to.deep.equal(body.items);
  });

  it('are unknown without a device', async () => {
    expect((await api().request('GET', '/v1/accounts/nobody')).status).to.equal(404);
  });

  it('are erased with all their devices and stay erased', async () => {
    const consent = { push: 'granted' };
    await register('sandbox-e1', { account: 'leaver', attributes: { age: 36 }, consent });
    await register('sandbox-e2', { account: 'leaver', consent });
    const erased = await api().request('DELETE', '/v1/accounts/leaver');
    expect(erased.status).to.equal(202);
    expect(erased.body).to.deep.equal({ erasedDevices: 2, mayStillArrive: false });

    const held = await api().request('GET', '/v1/accounts/leaver');
    expect(held.body.items).to.deep.equal([]);
    expect(held.body.suppressedAt).to.be.a('string');
    expect((await register('sandbox-e3', { account: 'leaver' })).body.code).to.equal('SUPPRESSED');
    expect((await register('sandbox-e1', {})).body.code).to.equal('SUPPRESSED');
    const imported = await api().request('POST', '/v1/devices/import', {
      headers: { 'content-type': 'application/x-ndjson' },
      body: `${JSON.stringify({ vendor: 'sandbox', token: 'sandbox-e2', account: 'leaver', consent })}\n`,
    });
    expect(imported.body).to.deep.include({ created: 0, refused: 1 });
    expect(imported.body.errors).to.deep.equal([
      { line: 1, field: 'account', reason: 'suppressed' },
    ]);

    expect((await register('sandbox-e1', { account: 'leaver', consent })).status).to.equal(200);
    const back = await api().request('GET', '/v1/accounts/leaver');
    expect(back.body).not.to.have.property('suppressedAt');
    expect(back.body.items).to.have.lengthOf(1);
    expect(back.body.items[0]).not.to.have.property('attributes');
  });

  it('stay erased when an import knows the installation under a new token only', async () => {
    const installationId = 'installation-of-a-leaver';
    const consent = { push: 'granted' };
    await register('sandbox-n1', { account: 'rotated', installationId, consent });
    await api().request('DELETE', '/v1/accounts/rotated');
    const imported = await api().request('POST', '/v1/devices/import', {
      headers: { 'content-type': 'application/x-ndjson' },
      body: `${JSON.stringify({ vendor: 'sandbox', token: 'sandbox-n2', installationId, consent })}\n`,
    });
    expect(imported.body).to.deep.include({ created: 0, refused: 1 });
    expect(imported.body.errors).to.deep.equal([
      { line: 1, field: 'installationId', reason: 'suppressed' },
    ]);
    expect((await api().request('GET', '/v1/devices?token=sandbox-n2')).body.items).to.deep.equal(
      [],
    );
    expect((await register('sandbox-n2', { installationId, consent })).status).to.equal(200);
  });

  it('can be erased twice, and before they exist', async () => {
    for (let twice = 0; twice < 2; twice += 1) {
      const answer = await api().request('DELETE', '/v1/accounts/not-yet');
      expect(answer.status).to.equal(202);
      expect(answer.body).to.deep.equal({ erasedDevices: 0, mayStillArrive: false });
    }
  });
});
