import { expect } from 'chai';
import { testApi } from '../../test/support/api.js';

const DAY_MS = 24 * 60 * 60 * 1_000;

describe('Unsubscribe links', () => {
  let nowMs = Date.now();
  const api = testApi({ now: () => nowMs });
  let people = 0;

  const ask = (method: string, path: string, body?: unknown) =>
    api().request(method, path, body == null ? {} : { body });
  const register = async (fields: object): Promise<string> => {
    const { status, text, body } = await ask('PUT', '/v1/devices', {
      vendor: 'sandbox',
      ...fields,
    });
    expect(status, text).to.equal(200);
    return body.id as string;
  };
  const CONSENT = { push: 'granted', purposes: { marketing: 'granted', news: 'granted' } };
  const person = async () => {
    people += 1;
    const account = `person-${people}`;
    const token = `sandbox-link-${people}`;
    return { account, token, device: await register({ token, account, consent: CONSENT }) };
  };
  const link = async (body: object): Promise<string> => {
    const { status, text, body: made } = await ask('POST', '/v1/unsubscribe-links', body);
    expect(status, text).to.equal(200);
    return new URL(made.url as string).pathname;
  };
  /** Without a key, as a browser does it. */
  const open = (method: string, path: string, headers: Record<string, string> = {}) =>
    api().request(method, path, { key: null, headers });
  const consentOf = async (device: string) =>
    (await ask('GET', `/v1/devices/${device}`)).body.consent;
  const historyOf = async (device: string) =>
    (await ask('GET', `/v1/devices/${device}/consent`)).body.items;
  const blocksOf = async (account: string) =>
    (await ask('GET', `/v1/suppressions?account=${account}`)).body.items.flatMap(
      ({ blocks }: { blocks: { purpose?: string }[] }) => blocks.map(({ purpose }) => purpose),
    );

  it('change nothing when they are opened, and decline when their button is pressed', async () => {
    const { device } = await person();
    const path = await link({ device, purpose: 'marketing' });
    const before = await consentOf(device);
    for (const method of ['GET', 'GET', 'HEAD']) {
      expect((await open(method, path)).status).to.equal(200);
    }
    expect(await consentOf(device)).to.deep.equal(before);
    nowMs += 1_000;
    expect((await open('POST', path)).status).to.equal(200);
    expect(await consentOf(device)).to.deep.include({
      push: 'granted',
      purposes: { marketing: 'denied', news: 'granted' },
      source: 'unsubscribe-link',
      at: new Date(nowMs).toISOString(),
    });
    expect((await historyOf(device))[0]).to.include({
      cause: 'unsubscribe',
      by: 'unsubscribe-link',
    });
  });

  it('take the one-click POST of mail programs, and any number of them', async () => {
    const { device } = await person();
    const path = await link({ device });
    for (let count = 0; count < 3; count += 1) {
      const answer = await api().request('POST', path, {
        key: null,
        body: 'List-Unsubscribe=One-Click',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
      expect(answer.status).to.equal(200);
    }
    expect(await consentOf(device)).to.include({ push: 'denied' });
    expect(await historyOf(device)).to.have.lengthOf(2);
  });

  it('are used once when they are used by many at the same time', async () => {
    const { account, device } = await person();
    const path = await link({ account, purpose: 'news' });
    const answers = await Promise.all(Array.from({ length: 8 }, () => open('POST', path)));
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(8).fill(200));
    expect(await historyOf(device)).to.have.lengthOf(2);
    expect(await blocksOf(account)).to.deep.equal(['news']);
  });

  context('when they are of an account', () => {
    it('decline on all of its devices, and on those that come to it later', async () => {
      const { account, device } = await person();
      const second = await register({
        token: `sandbox-second-${people}`,
        account,
        consent: CONSENT,
      });
      const stranger = await person();
      await open('POST', await link({ account, purpose: 'marketing' }));
      for (const one of [device, second]) {
        expect((await consentOf(one)).purposes).to.deep.equal({
          marketing: 'denied',
          news: 'granted',
        });
      }
      expect((await consentOf(stranger.device)).purposes.marketing).to.equal('granted');
      // Bound, it brings a grant of its own, which is not this person's word after they have declined.
      const later = await register({ token: `sandbox-later-${people}`, consent: CONSENT });
      await ask('PATCH', `/v1/devices/${later}`, { account });
      expect(await blocksOf(account)).to.deep.equal(['marketing']);
    });

    it('hold until the person grants anew, which an import does not', async () => {
      const { account, token, device } = await person();
      await open('POST', await link({ account, purpose: 'marketing' }));
      nowMs += 1_000;
      const row = { vendor: 'sandbox', token, account, consent: CONSENT };
      await api().request('POST', '/v1/devices/import', {
        body: `${JSON.stringify(row)}\n`,
        headers: { 'content-type': 'application/x-ndjson' },
      });
      expect(await blocksOf(account)).to.deep.equal(['marketing']);
      const stale = { purposes: { marketing: 'granted' }, at: new Date(nowMs - DAY_MS) };
      await ask('PUT', `/v1/devices/${device}/consent`, stale);
      await ask('PUT', `/v1/devices/${device}/consent`, { purposes: { news: 'granted' } });
      expect(await blocksOf(account)).to.deep.equal(['marketing']);
      await ask('PUT', `/v1/devices/${device}/consent`, { purposes: { marketing: 'granted' } });
      expect(await blocksOf(account)).to.deep.equal([]);
    });

    it('hold for what is all of it until all is granted anew', async () => {
      const { account, token } = await person();
      await open('POST', await link({ account }));
      nowMs += 1_000;
      await register({ token, consent: { purposes: { marketing: 'denied' } } });
      expect(await blocksOf(account)).to.deep.equal([undefined]);
      await register({ token, consent: { push: 'granted' } });
      expect(await blocksOf(account)).to.deep.equal([]);
    });

    it('stand beside what others put on the list, and neither replaces the other', async () => {
      const { account, device } = await person();
      const block = { account, purpose: 'marketing', reason: 'complaint' };
      const reasons = async () => {
        const { body } = await ask('GET', `/v1/accounts/${account}`);
        return (body.blocks ?? []).map(({ reason }: { reason: string }) => reason);
      };
      await ask('PUT', '/v1/suppressions', { items: [block] });
      await open('POST', await link({ account, purpose: 'marketing' }));
      expect(await reasons()).to.have.members(['complaint', 'unsubscribed']);
      await ask('PUT', '/v1/suppressions', { items: [{ ...block, reason: 'fraud' }] });
      expect(await reasons()).to.have.members(['fraud', 'unsubscribed']);
      const named = new URLSearchParams({ account, purpose: 'marketing' });
      expect((await ask('DELETE', `/v1/suppressions?${named.toString()}`)).status).to.equal(204);
      expect(await reasons()).to.deep.equal(['unsubscribed']);
      await ask('PUT', '/v1/suppressions', { items: [block] });
      nowMs += 1_000;
      await ask('PUT', `/v1/devices/${device}/consent`, { purposes: { marketing: 'granted' } });
      expect(await reasons()).to.deep.equal(['complaint']);
    });

    it('name nobody in what they look like', async () => {
      const path = await link({ account: 'Ada.Lovelace@example.com' });
      const parts = path.split('/').at(-1)!.split('.');
      const readable = parts.map((part) => Buffer.from(part, 'base64url').toString('latin1'));
      expect([path, ...readable].join(' ')).to.not.match(/Ada|example/i);
    });
  });

  context('when they are not valid', () => {
    const expectNothing = async (path: string, status: number): Promise<void> => {
      for (const method of ['GET', 'POST']) {
        const answer = await open(method, path);
        expect(answer.status, path).to.equal(status);
        expect(answer.headers.get('content-type')).to.match(/^text\/html/);
        expect(answer.text).to.not.include('<form');
      }
    };

    it('say that they are too old', async () => {
      const { device } = await person();
      const path = await link({ device, ttlSeconds: 60 });
      nowMs += 59_000;
      expect((await open('GET', path)).status).to.equal(200);
      nowMs += 2_000;
      await expectNothing(path, 410);
      expect(await consentOf(device)).to.include({ push: 'granted' });
    });

    it('do nothing, whichever part of them is changed', async () => {
      const { device } = await person();
      const path = await link({ device });
      const token = path.slice('/u/'.length);
      for (let at = 0; at < token.length; at += 7) {
        if (token[at] === '.') continue;
        const other = token[at] === 'A' ? 'B' : 'A';
        const forged = `${token.slice(0, at)}${other}${token.slice(at + 1)}`;
        await expectNothing(`/u/${forged}`, 404);
      }
      for (const forged of ['x', 'a.b.c', token.slice(0, -1), `${token}x`]) {
        await expectNothing(`/u/${forged}`, 404);
      }
      expect(await consentOf(device)).to.include({ push: 'granted' });
    });

    it('are not those of another app', async () => {
      const { device } = await person();
      const [, ...rest] = (await link({ device })).split('.');
      const other = await api().createApp('other-links');
      const header = { alg: 'dir', enc: 'A128CBC-HS256', kid: other.id };
      const head = Buffer.from(JSON.stringify(header)).toString('base64url');
      await expectNothing(`/u/${[head, ...rest].join('.')}`, 404);
    });
  });

  context('as a page', () => {
    const languageOf = async (path: string, accepted: string) => {
      const { headers, text } = await open('GET', path, { 'accept-language': accepted });
      expect(text).to.include(`<html lang="${headers.get('content-language')}"`);
      return { language: headers.get('content-language'), text };
    };

    it('speak the language of the reader, and call the purpose as it was asked for', async () => {
      const { key, id } = await api().createApp('page', { name: 'The <b>shop</b>' });
      const request = (method: string, path: string, body: object) =>
        api().request(method, path, { key, body });
      await request('PUT', `/v1/apps/${id}/purposes/marketing`, {
        version: '1',
        title: 'Offers & "more"',
        text: 'Offers',
        localized: { zh: { title: '优惠' }, de: { text: 'Angebote' } },
      });
      const { body } = await request('POST', '/v1/unsubscribe-links', {
        account: 'ada',
        purpose: 'marketing',
      });
      const path = new URL(body.url as string).pathname;
      const chinese = await languageOf(path, 'zh-CN,zh;q=0.9,en;q=0.8');
      expect(chinese.language).to.equal('zh');
      expect(chinese.text).to.include('“优惠”').and.include('退订');
      expect((await languageOf(path, 'zh-TW')).text)
        .to.include('「优惠」')
        .and.include('取消訂閱');
      const german = await languageOf(path, 'de-AT');
      expect(german.language).to.equal('de');
      expect(german.text).to.include('„Offers &amp; &quot;more&quot;“');
      const french = await languageOf(path, 'fr');
      expect(french.language).to.equal('en');
      expect(french.text).to.include('The &lt;b&gt;shop&lt;/b&gt;').and.not.include('<b>');
      expect(french.text).to.include('all of your devices');
    });

    it('run nothing, load nothing, and are kept and framed by nobody', async () => {
      const { device } = await person();
      const { headers, text } = await open('GET', await link({ device }));
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).to.include("default-src 'none'").and.include("frame-ancestors 'none'");
      expect(policy).to.not.include('unsafe');
      expect(headers.get('cache-control')).to.equal('no-store');
      expect(headers.get('referrer-policy')).to.equal('no-referrer');
      expect(headers.get('x-robots-tag')).to.equal('noindex');
      expect(text).to.not.match(/<script|<img|<link|https?:/);
      expect(text.match(/<form/g)).to.have.lengthOf(1);
    });
  });

  context('when they are asked for', () => {
    const refused = async (body: object) => {
      const answer = await ask('POST', '/v1/unsubscribe-links', body);
      return [answer.status, answer.body.errors?.[0]?.field];
    };

    it('need one device or account that there may be, and a purpose of the app', async () => {
      const { device } = await person();
      expect(await refused({})).to.deep.equal([422, '']);
      expect(await refused({ device, account: 'ada' })).to.deep.equal([422, '']);
      expect(await refused({ device, ttlSeconds: 0 })).to.deep.equal([422, 'ttlSeconds']);
      expect(await refused({ device: '0'.repeat(24) })).to.deep.equal([404, undefined]);
      const { key, id } = await api().createApp('strict');
      await api().request('PUT', `/v1/apps/${id}/purposes/news`, {
        key,
        body: { version: '1', title: 'News', text: 'News' },
      });
      const typo = { account: 'ada', purpose: 'nwes' };
      const { body } = await api().request('POST', '/v1/unsubscribe-links', { key, body: typo });
      expect(body.errors[0].field).to.equal('purpose');
    });

    it('are made by a backend, and by no key of a phone', async () => {
      const body = { account: 'ada' };
      const key = api().app.keys['devices:register'];
      const answer = await api().request('POST', '/v1/unsubscribe-links', { key, body });
      expect(answer.status).to.equal(403);
    });

    it('leave no word of the account in the log', () => {
      expect(api().logged.join('\n')).to.not.match(/person-|\/u\//);
    });
  });

  it('begin where people reach the gateway', async () => {
    const { body } = await ask('POST', '/v1/unsubscribe-links', { account: 'ada' });
    expect(body.url).to.match(new RegExp(`^${api().url}/u/`));
    expect(Date.parse(body.expiresAt as string)).to.be.closeTo(nowMs + 180 * DAY_MS, 1_000);
  });

  context('when the public address is set', () => {
    const outside = testApi({ publicUrl: 'https://push.example.com/people' });

    it('begin there', async () => {
      const { body } = await outside().request('POST', '/v1/unsubscribe-links', {
        body: { account: 'ada' },
      });
      expect(body.url).to.match(/^https:\/\/push\.example\.com\/people\/u\//);
    });
  });
});
