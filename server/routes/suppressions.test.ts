import { expect } from 'chai';
import { apiClient } from '../../demo/api-client.js';
import { forgetEnded } from '../../models/block-list.js';
import { dbOf } from '../../models/database.js';
import { testApi } from '../../test/support/api.js';
import { rowsOf, taskEnded } from '../../test/support/fleet.js';

const HOUR_MS = 3_600_000;

describe('The suppression list over HTTP', () => {
  let nowMs = Date.now();
  const api = testApi({ role: 'all', now: () => nowMs });
  let people = 0;

  const ask = (method: string, path: string, body?: unknown) =>
    api().request(method, path, body == null ? {} : { body });
  const query = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
  /** Somebody with a device that takes marketing. */
  const person = async () => {
    people += 1;
    const account = `person-${people}`;
    const token = `sandbox-ok-suppressed-${people}`;
    const consent = { push: 'granted', purposes: { marketing: 'granted' } };
    const { body } = await ask('PUT', '/v1/devices', {
      vendor: 'sandbox',
      token,
      account,
      consent,
    });
    return { account, token, device: body.id as string };
  };
  const suppress = async (...items: object[]): Promise<void> => {
    const { status, text } = await ask('PUT', '/v1/suppressions', { items });
    expect(status, text).to.equal(200);
  };
  /** What becomes of a push to a device. */
  const pushed = async (device: string, purpose = 'service'): Promise<string> => {
    const { body } = await ask('POST', '/v1/tasks', {
      audience: { devices: [device] },
      message: { title: 'Hello', purpose },
    });
    await taskEnded(apiClient(api().url, api().app.key), body.id as string, 60_000);
    const [row] = await rowsOf(api().url, api().app.key, body.id as string);
    return row?.reason ?? row?.state ?? 'none';
  };

  before(async () => {
    await ask('PUT', '/v1/apps/shop/vendors/sandbox', {});
  });

  it('keeps pushes for all purposes from an account, and from it alone', async () => {
    const [ada, bob] = [await person(), await person()];
    await suppress({ account: ada.account, reason: 'complaint' });
    expect(await pushed(ada.device)).to.equal('suppression-list');
    expect(await pushed(ada.device, 'marketing')).to.equal('suppression-list');
    expect(await pushed(bob.device)).to.equal('accepted');
  });

  it('keeps pushes for one purpose from a token', async () => {
    const { token, device } = await person();
    await suppress({ token, vendor: 'sandbox', purpose: 'marketing', reason: 'fraud' });
    expect(await pushed(device, 'marketing')).to.equal('suppression-list');
    expect(await pushed(device)).to.equal('accepted');
  });

  it('does not count from its end on, and is forgotten a day later', async () => {
    const { account, device } = await person();
    const until = new Date(nowMs + HOUR_MS);
    await suppress(
      { account, reason: 'complaint', until: until.toISOString() },
      { account, purpose: 'marketing', reason: 'complaint' },
    );
    expect(await pushed(device)).to.equal('suppression-list');
    nowMs += HOUR_MS;
    expect(await pushed(device)).to.equal('accepted');
    const path = `/v1/suppressions?${query({ account })}`;
    await forgetEnded(dbOf(api().connection), until);
    expect((await ask('GET', path)).body.items[0].blocks).to.have.lengthOf(2);
    await forgetEnded(dbOf(api().connection), new Date(until.getTime() + 1));
    const [{ blocks }] = (await ask('GET', path)).body.items;
    expect(blocks.map(({ purpose }: { purpose?: string }) => purpose)).to.deep.equal(['marketing']);
    expect(await pushed(device, 'marketing')).to.equal('suppression-list');
  });

  it('ends when it is taken off, for the purpose that is named', async () => {
    const { account, device } = await person();
    const named = query({ account, purpose: 'marketing' });
    await suppress({ account, purpose: 'marketing', reason: 'complaint' });
    expect((await ask('DELETE', `/v1/suppressions?${query({ account })}`)).status).to.equal(404);
    expect((await ask('DELETE', `/v1/suppressions?${named}`)).status).to.equal(204);
    expect((await ask('DELETE', `/v1/suppressions?${named}`)).status).to.equal(404);
    expect(await pushed(device, 'marketing')).to.equal('accepted');
    expect((await ask('GET', `/v1/suppressions?${query({ account })}`)).body.items).to.deep.equal(
      [],
    );
  });

  it('stays whatever the person grants, but for an unsubscription', async () => {
    const { account, token, device } = await person();
    const register = (fields: object) =>
      ask('PUT', '/v1/devices', { vendor: 'sandbox', token, ...fields });
    await suppress(
      { account, reason: 'fraud' },
      { account, purpose: 'marketing', reason: 'unsubscribed' },
    );
    nowMs += 1;
    await register({ consent: { purposes: { marketing: 'denied' } } });
    await register({ consent: { push: 'granted', purposes: { marketing: 'granted' } } });
    expect(await pushed(device)).to.equal('suppression-list');
    const { body } = await ask('GET', `/v1/accounts/${account}`);
    expect(body.blocks.map(({ reason }: { reason: string }) => reason)).to.deep.equal(['fraud']);
  });

  it('does not outlive an opt-in after an erasure, nor end with it', async () => {
    const { account, token } = await person();
    await suppress({ account, purpose: 'marketing', reason: 'fraud' });
    await ask('DELETE', `/v1/accounts/${account}`);
    nowMs += 1_000;
    expect((await ask('DELETE', `/v1/suppressions?${query({ account })}`)).status).to.equal(404);
    const consent = { push: 'granted', purposes: { marketing: 'granted' } };
    const back = await ask('PUT', '/v1/devices', { vendor: 'sandbox', token, account, consent });
    expect(back.status, back.text).to.equal(200);
    expect(await pushed(back.body.id as string)).to.equal('accepted');
    expect(await pushed(back.body.id as string, 'marketing')).to.equal('suppression-list');
  });

  it('lists keyed hashes in pages, each entry once, and names nobody', async () => {
    for (let count = 0; count < 3; count += 1) {
      await suppress({ account: `listed-${count}`, reason: 'complaint' });
    }
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body, text } = await ask('GET', `/v1/suppressions?limit=2${cursor}`);
      expect(text).to.not.match(/listed-|person-/);
      for (const { id } of body.items) seen.push(id as string);
      cursor = body.nextCursor ? `&cursor=${body.nextCursor}` : '';
    } while (cursor !== '');
    expect(seen.length).to.be.at.least(3);
    expect(seen).to.deep.equal([...new Set(seen)].sort());
    const other = await api().createApp('other-list');
    const theirs = await api().request('GET', '/v1/suppressions', { key: other.key });
    expect(theirs.body.items).to.deep.equal([]);
  });

  it('names the field that is not as it must be', async () => {
    for (const [field, item] of [
      ['items[0]', { reason: 'complaint' }],
      ['items[0]', { account: 'a', token: 'b', vendor: 'sandbox', reason: 'complaint' }],
      ['items[0].reason', { account: 'a' }],
      ['items[0].reason', { account: 'a', reason: 'A person complained' }],
      ['items[0].until', { account: 'a', reason: 'complaint', until: 'tomorrow' }],
      ['items[0].token', { token: 'not-ours', vendor: 'sandbox', reason: 'complaint' }],
    ] as const) {
      const { status, body } = await ask('PUT', '/v1/suppressions', { items: [item] });
      expect(status, field).to.equal(422);
      expect(body.errors[0].field).to.equal(field);
    }
  });
});
