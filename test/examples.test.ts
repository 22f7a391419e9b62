import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { testApi } from './support/api.js';

const run = promisify(execFile);

describe('The example', () => {
  const api = testApi({ role: 'all' });

  const variables = () => [`PIGEONPOST_URL=${api().url}`, `PIGEONPOST_KEY=${api().app.key}`];
  const pathOf = (name: string): string =>
    fileURLToPath(new URL(`../examples/${name}`, import.meta.url));

  /** What a script prints, as the JSON of its lines. */
  const script = async (name: string, ...args: string[]) => {
    const { stdout } = await run('env', [...variables(), pathOf(name), ...args]);
    const lines = stdout.split('\n').filter((line) => line !== '');
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    return lines.map((line): any => JSON.parse(line));
  };
  const register = (token: string, account: string, tags: string[]) =>
    api().request('PUT', '/v1/devices', {
      body: { vendor: 'sandbox', token: `sandbox-${token}`, account, tags },
    });

  it('tag-devices.sh gives and takes tags of two accounts', async () => {
    await register('1', 'ada', ['trial', 'beta']);
    await register('2', 'bob', ['trial']);
    const [changed, found] = await script('tag-devices.sh', 'ada', 'bob');
    expect(changed.items).to.deep.equal([
      { result: 'done', devices: 1, changed: 1 },
      { result: 'done', devices: 1, changed: 1 },
    ]);
    const byAccount = found.items.map(({ account, tags }: { account: string; tags: string[] }) => [
      account,
      tags,
    ]);
    expect(byAccount).to.deep.equal([
      ['ada', ['beta', 'winter-sale']],
      ['bob', ['winter-sale', 'vip']],
    ]);
  });

  it('delete-tag.sh waits until no device has the tag', async () => {
    await register('3', 'cleo', ['doomed', 'kept']);
    const [removal] = await script('delete-tag.sh', 'doomed');
    expect(removal).to.include({ tag: 'doomed', state: 'done', devices: 1 });
    const { body } = await api().request('GET', '/v1/devices?account=cleo');
    expect(body.items[0].tags).to.deep.equal(['kept']);
  });

  it('set-quiet-hours.sh says when people are left in peace', async () => {
    const [app] = await script('set-quiet-hours.sh', 'shop');
    const { quietHours } = (await api().request('GET', '/v1/apps/shop')).body;
    expect(app).to.deep.include({ id: 'shop', quietHours });
    expect(quietHours.rules.map(({ action }: { action: string }) => action)).to.deep.equal([
      'drop',
      'hold',
    ]);
    await api().request('PATCH', '/v1/apps/shop', { body: { quietHours: null } });
  });

  it('preview-task.sh tells whom a task would reach', async () => {
    await register('6', 'fay', ['previewed']);
    const [preview] = await script('preview-task.sh', 'previewed');
    expect(preview).to.deep.include({ targeted: 1, reached: 0, suppressed: { 'no-consent': 1 } });
  });

  it("add-to-badge.sh adds to the icons of an account's devices", async () => {
    await register('5', 'emil', []);
    const [task] = await script('add-to-badge.sh', 'emil');
    const { body } = await api().request('GET', `/v1/tasks/${task.id}`);
    expect(body.counts.targeted).to.equal(1);
  });

  it('set-caps.sh says how many pushes a person may get', async () => {
    const [app] = await script('set-caps.sh', 'shop');
    const { caps } = (await api().request('GET', '/v1/apps/shop')).body;
    expect(app).to.deep.include({ id: 'shop', caps });
    expect(
      caps.map(({ name, limit }: { name: string; limit: number }) => [name, limit]),
    ).to.deep.equal([
      ['marketing-a-day', 3],
      ['marketing-a-week', 10],
    ]);
    await api().request('PATCH', '/v1/apps/shop', { body: { caps: null } });
  });

  it('send-at-local-time.sh waits for the clock of each device', async () => {
    const dayAfterTomorrow = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
    const [task] = await script('send-at-local-time.sh', dayAfterTomorrow);
    expect(task).to.include({ state: 'scheduled' });
    const { schedule } = (await api().request('GET', `/v1/tasks/${task.id}`)).body;
    expect(schedule).to.deep.include({ localTime: `${dayAfterTomorrow}T10:00`, spreadMinutes: 30 });
  });

  it('send-template.sh writes, previews and sends a template', async () => {
    await register('ok-4', 'dora', []);
    await api().request('PUT', '/v1/apps/shop/vendors/sandbox', { body: {} });
    const [template, preview, task] = await script('send-template.sh', 'dora');
    expect(template).to.include({ name: 'example-parcel', version: 1 });
    expect(preview.items).to.have.lengthOf(1);
    expect(preview.items[0]).to.include({
      locale: 'de',
      title: 'Hallo there',
      body: 'Deine 2 Pakete sind unterwegs',
    });
    const report = await api().request('GET', `/v1/tasks/${task.id}`);
    expect(report.body.template).to.deep.equal({ name: 'example-parcel', version: 1 });
  });

  it('run-campaign.mjs changes, approves and runs a campaign once', async () => {
    await register('ok-news', 'greta', []);
    await api().request('PUT', '/v1/apps/shop/vendors/sandbox', { body: {} });
    await run('env', [...variables(), process.execPath, pathOf('run-campaign.mjs'), 'greta']);
    const { items } = (await api().request('GET', '/v1/campaigns')).body;
    expect(items).to.have.lengthOf(1);
    expect(items[0]).to.include({ state: 'ended', version: 2, approvedVersion: 2 });
    const { body } = await api().request('GET', `/v1/campaigns/${items[0].id}/runs`);
    expect(body.items).to.have.lengthOf(1);
    expect(body.items[0]).to.deep.include({ state: 'made', version: 2 });
    expect(body.items[0].task.counts).to.include({ targeted: 1 });
  });

  it('ask-consent.sh defines a purpose, and gives a link that declines it', async () => {
    const [purpose, link, record] = await script('ask-consent.sh', 'shop', 'emma');
    expect(purpose).to.include({ purpose: 'marketing', version: '2027-01' });
    expect(record).to.deep.include({ cause: 'registration' });
    expect(record.consent).to.deep.include({
      purposes: { marketing: 'granted' },
      policyVersions: { service: '2027-01', marketing: '2027-01' },
    });
    const page = await fetch(link.url, { headers: { 'accept-language': 'zh' } });
    expect(await page.text()).to.include('优惠');
    expect((await fetch(link.url, { method: 'POST' })).status).to.equal(200);
    const { body } = await api().request('GET', `/v1/devices/${record.device}`);
    expect(body.consent.purposes).to.deep.equal({ marketing: 'denied' });
  });

  it('abandoned-cart.mjs reminds the account that has not paid, and no other', async () => {
    await register('ok-payer', 'payer', []);
    await register('ok-other', 'other', []);
    await api().request('PUT', '/v1/apps/shop/vendors/sandbox', { body: {} });
    const args = [process.execPath, pathOf('abandoned-cart.mjs'), 'payer', 'other'];
    await run('env', [...variables(), ...args]);
    const { items } = (await api().request('GET', '/v1/campaigns')).body;
    const { body } = await api().request('GET', `/v1/campaigns/${items[0].id}/entries`);
    const states = body.items.map((one: { account: string; state: string }) => [
      one.account,
      one.state,
    ]);
    expect(states).to.have.deep.members([
      ['payer', 'cancelled'],
      ['other', 'sent'],
    ]);
    const { task } = body.items.find((one: { state: string }) => one.state === 'sent');
    const report = await api().request('GET', `/v1/tasks/${task}`);
    expect(report.body.counts).to.include({ targeted: 1 });
  });
});
