import { expect } from 'chai';
import { Types } from 'mongoose';
import type { DeliveryRow } from '../../jobs/engine.js';
import { testApi } from '../../test/support/api.js';

const rows: DeliveryRow[] = Array.from({ length: 5 }, (_, index) => ({
  task: new Types.ObjectId(),
  device: new Types.ObjectId(),
  state: 'accepted',
  vendor: 'sandbox',
  profile: 'default',
  attempts: 1,
  // The second and the third at one instant, on both sides of a page's end.
  at: new Date(Date.UTC(2026, 10, 22, 10, 0, index === 2 ? 4 : 5 - index)),
}));

describe('The history of a device', () => {
  // What the engine would find; its own tests show how.
  const api = testApi({
    engine: (real) => ({
      ...real,
      deviceDeliveries: async (_device, { before, limit }) =>
        rows.filter(({ at }) => before == null || at! < before).slice(0, limit),
    }),
  });
  let count = 0;
  const registered = async (body: Record<string, unknown> = {}): Promise<string> => {
    count += 1;
    const answer = await api().request('PUT', '/v1/devices', {
      body: { vendor: 'sandbox', token: `sandbox-h${count}`, ...body },
    });
    return answer.body.id as string;
  };

  it('tells each change of consent once, newest first, with its cause and key', async () => {
    const id = await registered({ consent: { push: 'granted', policyVersion: '1' } });
    const path = `/v1/devices/${id}/consent`;
    const change = { purposes: { marketing: 'granted' }, source: 'form' };
    for (let twice = 0; twice < 2; twice += 1) {
      const answer = await api().request('PUT', path, { body: change });
      expect(answer.status).to.equal(200);
      expect(answer.body.consent).to.deep.include({ push: 'granted', ...change });
    }
    const { body } = await api().request('GET', path);
    expect(body.items.map(({ cause }: { cause: string }) => cause)).to.deep.equal([
      'consent',
      'registration',
    ]);
    expect(body.items[0].consent).to.deep.include({ push: 'granted', ...change });
    expect(body.items[1].consent).to.deep.include({ push: 'granted', purposes: {} });
    expect(api().app.key.startsWith(`${body.items[0].by}.`)).to.equal(true);
  });

  it('pages without repeating or missing a change', async () => {
    const id = await registered();
    for (const push of ['granted', 'denied', 'granted', 'denied', 'granted']) {
      await api().request('PUT', `/v1/devices/${id}/consent`, { body: { push } });
    }
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await api().request('GET', `/v1/devices/${id}/consent?limit=2${cursor}`);
      for (const { consent } of body.items) seen.push(consent.push as string);
      cursor = body.nextCursor ? `&cursor=${body.nextCursor}` : '';
    } while (cursor !== '');
    expect(seen).to.deep.equal(['granted', 'denied', 'granted', 'denied', 'granted']);
  });

  it('is empty for a device that was never asked, and unknown for none', async () => {
    const id = await registered();
    expect((await api().request('GET', `/v1/devices/${id}/consent`)).body.items).to.deep.equal([]);
    const nobody = await api().request('GET', `/v1/devices/${'0'.repeat(24)}/consent`);
    expect(nobody.status).to.equal(404);
  });

  it('does not let a late grant undo a refusal', async () => {
    const id = await registered({ consent: { push: 'denied', at: '2026-01-02T00:00:00Z' } });
    const answer = await api().request('PUT', `/v1/devices/${id}/consent`, {
      body: { push: 'granted', at: '2026-01-01T00:00:00Z' },
    });
    expect(answer.body.consent).to.deep.include({ push: 'denied' });
  });

  it('refuses a date that is none', async () => {
    const id = await registered();
    const answer = await api().request('PUT', `/v1/devices/${id}/consent`, {
      body: { push: 'granted', at: 'yesterday' },
    });
    expect(answer.status).to.equal(422);
    expect(answer.body.errors[0].field).to.equal('at');
  });

  it('lists what was sent to it, page by page', async () => {
    const id = await registered();
    const seen: string[] = [];
    let cursor = '';
    do {
      const { status, body } = await api().request(
        'GET',
        `/v1/devices/${id}/deliveries?limit=2${cursor}`,
      );
      expect(status).to.equal(200);
      for (const item of body.items) {
        expect(item).to.include({ state: 'accepted', vendor: 'sandbox', attempts: 1 });
        seen.push(item.task as string);
      }
      cursor = body.nextCursor ? `&cursor=${body.nextCursor}` : '';
    } while (cursor !== '');
    expect(seen).to.deep.equal(rows.map(({ task }) => task.toHexString()));
  });
});
