import { expect } from 'chai';
import { dbOf } from '../../models/database.js';
import { grantPermits, slowDown } from '../../models/pacing.js';
import { beginRest, rests } from '../../models/rest.js';
import { vendorProfileModel } from '../../models/vendor-profile.js';
import { openSettings } from '../../models/vendor-settings.js';
import { testApi } from '../../test/support/api.js';
import { pagerVendor } from '../../test/support/pager.js';

const PATH = '/v1/apps/shop/vendors/pager';
const vendors = new Map([['pager', pagerVendor]]);

describe('/v1/apps/:app/vendors', () => {
  const changes: string[] = [];
  const api = testApi({
    vendors,
    engine: (real) => ({
      ...real,
      vendorChanged(app, vendor, profile) {
        changes.push(`${app}/${vendor}/${profile}`);
        real.vendorChanged(app, vendor, profile);
      },
    }),
  });
  const put = (body: unknown, path = PATH) => api().request('PUT', path, { body });
  const stored = () => vendorProfileModel(api().connection).find().lean();
  const storedSettings = async () => {
    const profile = await vendorProfileModel(api().connection)
      .findById('shop/pager/default')
      .lean();
    return openSettings(profile!, pagerVendor, api().parts.secretBox);
  };

  beforeEach(async () => {
    await vendorProfileModel(api().connection).deleteMany({});
    await rests(dbOf(api().connection)).deleteMany({});
    changes.length = 0;
  });

  describe('GET', () => {
    const since = new Date('2026-11-22T10:05:00Z');
    const nextProbeAt = new Date('2026-11-22T10:05:40Z');
    /** As a worker writes it, in another process. */
    const rest = (revision: number, probing = false) =>
      beginRest(dbOf(api().connection), {
        _id: 'shop/pager/default',
        app: 'shop',
        cause: 'account-refused',
        code: 'key-revoked',
        reason: 'The key was revoked: upload another one',
        restMs: 40_000,
        ...{ since, nextProbeAt, probing, revision },
      });
    const breakers = async () => {
      const one = await api().request('GET', PATH);
      const list = await api().request('GET', '/v1/apps/shop/vendors');
      expect(list.body.items).to.deep.equal([one.body]);
      return one.body.breaker;
    };

    it('says that pushes go through a profile that is well', async () => {
      await put({ apiKey: 'good-1' });
      expect(await breakers()).to.deep.equal({ state: 'closed' });
    });

    it('says in words why a profile rests, and until when, whichever process found out', async () => {
      await put({ apiKey: 'good-1' });
      await rest(1);
      expect(await breakers()).to.deep.equal({
        state: 'open',
        reason: 'The key was revoked: upload another one',
        since: since.toISOString(),
        nextProbeAt: nextProbeAt.toISOString(),
      });
    });

    it('says when a push is on its way to ask again', async () => {
      await put({ apiKey: 'good-1' });
      await rest(1, true);
      expect(await breakers()).to.include({ state: 'half-open' });
    });

    it('says nothing about settings that were replaced', async () => {
      await put({ apiKey: 'good-1' });
      await rest(1);
      await put({ apiKey: 'good-2' });
      expect(await breakers()).to.deep.equal({ state: 'closed' });
    });
  });

  describe('PUT', () => {
    it('stores settings that the vendor takes, and tells the engine', async () => {
      const { status, body } = await put({ apiKey: 'good-1', answers: 'gone' });
      expect(status).to.equal(200);
      expect(body).to.deep.include({
        vendor: 'pager',
        profile: 'default',
        settings: { answers: 'gone', apiKey: { set: true } },
        revision: 1,
        probe: { result: 'ok' },
      });
      expect(changes).to.deep.equal(['shop/pager/default']);
    });

    it('keeps secrets sealed and never shows them again', async () => {
      const written = await put({ apiKey: 'good-and-secret' });
      const read = await api().request('GET', PATH);
      const list = await api().request('GET', '/v1/apps/shop/vendors');
      const texts = [written.text, read.text, list.text, JSON.stringify(await stored())];
      for (const text of texts) expect(text).to.not.include('good-and-secret');
      expect(await storedSettings()).to.deep.equal({ apiKey: 'good-and-secret' });
    });

    it('takes a rate beside the settings, and shows it with what of it is used', async () => {
      const { status, body } = await put({ apiKey: 'good-1', ratePerSecond: 2_000 });
      expect(status).to.equal(200);
      expect(body).to.include({ ratePerSecond: 2_000, currentRatePerSecond: 1_950 });
      expect((await api().request('GET', PATH)).body).to.include({ ratePerSecond: 2_000 });
      expect(await storedSettings()).to.deep.equal({ apiKey: 'good-1' });
    });

    it('has no limit where neither the operator nor the vendor has set one', async () => {
      const without = { ratePerSecond: null, currentRatePerSecond: null };
      expect((await put({ apiKey: 'good-1', ratePerSecond: null })).body).to.include(without);
      expect((await stored())[0]?.ratePerSecond).to.equal(null);
      await put({ apiKey: 'good-1', ratePerSecond: 5 });
      expect((await put({ apiKey: 'good-1' })).body).to.include(without);
      expect((await stored())[0]).not.to.have.property('ratePerSecond');
    });

    it('shows less while the vendor complains', async () => {
      await put({ apiKey: 'good-1', ratePerSecond: 1_000 });
      const key = 'shop/pager/default';
      const db = dbOf(api().connection);
      await grantPermits(db, { key, pace: { perSecond: 1_000 }, wanted: 1 });
      await slowDown(db, key);
      const { body } = await api().request('GET', PATH);
      expect(body).to.include({ ratePerSecond: 1_000, currentRatePerSecond: 683 });
    });

    for (const ratePerSecond of [0, -1, 1.5, '100', 1_000_001]) {
      it(`refuses a rate of ${JSON.stringify(ratePerSecond)}, and names the field`, async () => {
        const { status, body } = await put({ apiKey: 'good-1', ratePerSecond });
        expect([status, body.errors[0].field]).to.deep.equal([422, 'ratePerSecond']);
        expect(await stored()).to.deep.equal([]);
      });
    }

    it('raises the revision with every change', async () => {
      await put({ apiKey: 'good-1' });
      expect((await put({ apiKey: 'good-2' })).body.revision).to.equal(2);
    });

    it('keeps profiles apart', async () => {
      await put({ apiKey: 'good-1' });
      await put({ apiKey: 'good-2', answers: 'accepted' }, `${PATH}/debug`);
      const { body } = await api().request('GET', '/v1/apps/shop/vendors');
      const profiles = body.items.map(({ profile }: { profile: string }) => profile);
      expect(profiles).to.deep.equal(['debug', 'default']);
      expect((await api().request('GET', `${PATH}/default`)).body.settings).to.not.have.any.keys(
        'answers',
      );
    });

    context('when the vendor refuses the credentials', () => {
      it('answers 422 with the reason and the words, and stores nothing', async () => {
        const { status, body } = await put({ apiKey: 'bad' });
        expect(status).to.equal(422);
        expect(body).to.include({
          code: 'CREDENTIAL_REFUSED',
          reason: 'BAD_KEY',
          detail: 'The key is not one of ours',
        });
        expect(await stored()).to.deep.equal([]);
        expect(changes).to.deep.equal([]);
      });

      it('leaves the settings that were stored before', async () => {
        await put({ apiKey: 'good-1' });
        await put({ apiKey: 'bad' });
        expect(await storedSettings()).to.deep.equal({ apiKey: 'good-1' });
      });

      it('stores them all the same with ?probe=skip', async () => {
        const { body } = await put({ apiKey: 'bad' }, `${PATH}?probe=skip`);
        expect(body.probe).to.deep.equal({ result: 'skipped' });
        expect(await storedSettings()).to.deep.equal({ apiKey: 'bad' });
      });
    });

    for (const answers of ['accepted', 'gone', 'refused-message']) {
      it(`takes the answer "${answers}" for a credential that works`, async () => {
        expect((await put({ apiKey: 'good', answers })).body.probe).to.deep.equal({ result: 'ok' });
      });
    }

    it('stores settings of a vendor that cannot be reached now, and says so', async () => {
      const { status, body } = await put({ apiKey: 'good', answers: 'busy' });
      expect(status).to.equal(200);
      expect(body.probe).to.deep.equal({ result: 'unreachable', reason: 'connect' });
      expect(await stored()).to.have.length(1);
    });

    it('answers 422 to settings that cannot be opened', async () => {
      const { status, body } = await put({ apiKey: 'unusable' });
      expect([status, body.detail]).to.deep.equal([422, 'The key has no such form']);
      expect(await stored()).to.deep.equal([]);
    });

    it("holds settings against the vendor's own schema", async () => {
      const { status, body } = await put({ apiKey: 7, colour: 'red' });
      expect(status).to.equal(422);
      expect(body.errors).to.deep.equal([
        { field: 'apiKey', detail: 'Must be a string' },
        { field: 'colour', detail: 'Is not a field that is known here' },
      ]);
    });

    it('answers 404 to a vendor that does not exist', async () => {
      expect((await put({}, '/v1/apps/shop/vendors/pigeons')).status).to.equal(404);
      expect((await put({}, `${PATH}/Not-A-Profile`)).status).to.equal(404);
    });

    context('when a secret is left out', () => {
      it('keeps the stored one', async () => {
        await put({ apiKey: 'good-1' });
        expect((await put({ answers: 'accepted' })).status).to.equal(200);
        expect(await storedSettings()).to.deep.equal({ apiKey: 'good-1', answers: 'accepted' });
      });

      it('is missed when none is stored, or when null removes it', async () => {
        const missed = [{ field: 'apiKey', detail: 'Is required' }];
        expect((await put({})).body.errors).to.deep.equal(missed);
        await put({ apiKey: 'good-1' });
        expect((await put({ apiKey: null })).body.errors).to.deep.equal(missed);
      });

      it('is not carried to another URL', async () => {
        await put({ apiKey: 'good-1', endpoint: 'https://vendor.example' });
        const { status, body } = await put({ endpoint: 'https://thief.example' });
        expect(status).to.equal(422);
        expect(body.errors).to.deep.equal([
          { field: 'apiKey', detail: 'Must be given again when a URL changes' },
        ]);
        expect((await put({ endpoint: 'https://vendor.example' })).status).to.equal(200);
      });
    });
  });

  it('GET answers 404 to a profile that is not set up', async () => {
    expect((await api().request('GET', PATH)).status).to.equal(404);
  });

  it('DELETE forgets the settings and tells the engine', async () => {
    await put({ apiKey: 'good-1' });
    changes.length = 0;
    expect((await api().request('DELETE', PATH)).status).to.equal(204);
    expect(await stored()).to.deep.equal([]);
    expect(changes).to.deep.equal(['shop/pager/default']);
    expect((await api().request('DELETE', PATH)).status).to.equal(404);
  });
});

describe('/v1/apps/:app/vendors where private endpoints are not allowed', () => {
  const api = testApi({ vendors, allowPrivateEndpoints: false });

  for (const endpoint of [
    'https://127.0.0.1:4443',
    'https://localhost',
    'https://10.1.2.3',
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]',
    'https://[::ffff:127.0.0.1]',
    'https://0x7f000001',
  ]) {
    it(`refuses ${endpoint}, also without a probe, and stores nothing`, async () => {
      const body = { apiKey: 'good', endpoint };
      const answer = await api().request('PUT', `${PATH}?probe=skip`, { body });
      expect([answer.status, answer.body.code]).to.deep.equal([422, 'ENDPOINT_FORBIDDEN']);
      expect(answer.body.errors).to.deep.equal([
        { field: 'endpoint', detail: 'Must be at a public address' },
      ]);
      expect(await vendorProfileModel(api().connection).countDocuments()).to.equal(0);
    });
  }

  it('takes a public address', async () => {
    const body = { apiKey: 'good', endpoint: 'https://1.1.1.1' };
    expect((await api().request('PUT', PATH, { body })).status).to.equal(200);
  });

  it('passes on what the transport forbids', async () => {
    const body = { apiKey: 'good', answers: 'forbidden' };
    const answer = await api().request('PUT', PATH, { body });
    expect([answer.status, answer.body.code]).to.deep.equal([422, 'ENDPOINT_FORBIDDEN']);
  });
});
