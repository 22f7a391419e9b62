import { connect } from 'node:net';
import { expect } from 'chai';
import { Types } from 'mongoose';
import type { DeliveryRow } from '../../jobs/engine.js';
import { testApi } from '../../test/support/api.js';
import { credentialCache } from '../../test/support/fake-network.js';
import { until } from '../../test/support/until.js';
import { http2Transport } from '../../transport/http2/http2-transport.js';

const TOKENS = ['sandbox-ok-1', 'sandbox-ok-2', 'sandbox-gone-1', 'sandbox-refused-1'];

describe('GET /v1/tasks/:task/deliveries', () => {
  const api = testApi({ role: 'all' });
  let path = '';
  let taskId = '';
  const get = (query = '', headers: Record<string, string> = {}) =>
    api().request('GET', `${path}${query}`, { headers });

  before('send a task to four devices and two strangers', async () => {
    await api().request('PUT', '/v1/apps/shop/vendors/sandbox', { body: {} });
    for (const token of TOKENS) {
      const body = { vendor: 'sandbox', token, consent: { push: 'granted' } };
      expect((await api().request('PUT', '/v1/devices', { body })).status).to.be.within(200, 201);
    }
    const tokens = [
      ...TOKENS,
      { token: 'sandbox-stranger', vendor: 'sandbox' },
      'sandbox-nameless',
    ];
    const body = { audience: { tokens }, message: { title: 'x' } };
    taskId = (await api().request('POST', '/v1/tasks', { body })).body.id as string;
    path = `/v1/tasks/${taskId}/deliveries`;
    const isDone = async () =>
      (await api().request('GET', `/v1/tasks/${taskId}`)).body.state === 'done';
    await until('the task is done', isDone);
  });

  it('goes with a report whose books balance', async () => {
    const { body } = await api().request('GET', `/v1/tasks/${taskId}`);
    expect(body.counts).to.deep.equal({
      targeted: 6,
      pending: 0,
      accepted: 2,
      failed: 2,
      suppressed: 2,
      expired: 0,
      cancelled: 0,
      unknown: 0,
    });
    expect(body.reasons.suppressed).to.deep.equal({ 'not-registered': 2 });
    expect(body.timings).to.include.keys('createdAt', 'plannedAt', 'startedAt', 'endedAt');
  });

  it('has a row for each device, in the order of their ids', async () => {
    const { status, body } = await get();
    expect(status).to.equal(200);
    const devices = body.items.map(({ device }: { device: string }) => device);
    expect(devices)
      .to.have.length(6)
      .and.to.deep.equal([...new Set(devices)].sort());
    const accepted = body.items.find(({ state }: { state: string }) => state === 'accepted');
    expect(accepted).to.include({ vendor: 'sandbox', profile: 'default', attempts: 1 });
    expect(accepted.vendorMessageId).to.equal(`sandbox-${taskId}`);
  });

  it('pages without losing or repeating a row', async () => {
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await get(`?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.items.map(({ device }: { device: string }) => device));
      cursor = body.nextCursor ?? '';
    } while (cursor !== '');
    expect(seen)
      .to.have.length(6)
      .and.to.deep.equal([...new Set(seen)]);
  });

  it('filters by state, by device and by token', async () => {
    expect((await get('?state=accepted')).body.items).to.have.length(2);
    expect((await get('?state=pending')).body.items).to.deep.equal([]);
    const [row] = (await get('?token=sandbox-gone-1')).body.items;
    expect(row).to.include({ state: 'failed' });
    expect((await get(`?device=${row.device}`)).body.items).to.deep.equal([row]);
    expect((await get('?token=sandbox-nobody')).body.items).to.deep.equal([]);
  });

  it('finds the row of a token that nobody registered', async () => {
    for (const token of ['sandbox-stranger', 'sandbox-nameless']) {
      const { items } = (await get(`?token=${token}`)).body;
      expect(items, token).to.have.length(1);
      expect(items[0]).to.include({ state: 'suppressed', reason: 'not-registered' });
    }
  });

  it('comes whole as NDJSON, a row a line', async () => {
    const answer = await get('', { accept: 'application/x-ndjson' });
    expect(answer.headers.get('content-type')).to.match(/^application\/x-ndjson/);
    const rows = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(rows).to.deep.equal((await get()).body.items);
  });

  it('comes whole as CSV, with a header', async () => {
    for (const answer of [await get('', { accept: 'text/csv' }), await get('?format=csv')]) {
      expect(answer.headers.get('content-type')).to.equal('text/csv; charset=utf-8');
      const [header, ...rows] = answer.text.trimEnd().split('\n');
      expect(header).to.equal(
        'device,state,reason,vendor,profile,vendorMessageId,attempts,at,freesAt',
      );
      expect(rows).to.have.length(6);
    }
  });

  it('answers 406 to other formats', async () => {
    const answer = await get('', { accept: 'application/pdf' });
    expect([answer.status, answer.body.code]).to.deep.equal([406, 'NOT_ACCEPTABLE']);
  });
});

describe('GET /v1/tasks/:task/deliveries of a task that a cap has stopped', () => {
  const NOON = '2026-11-22T12:00:00.000Z';
  const adapters = {
    transport: http2Transport({ allowPrivateEndpoints: true }),
    credentials: credentialCache(),
    now: () => Date.parse(NOON),
  };
  const api = testApi({ role: 'all', adapters });
  let path = '';

  const send = async (): Promise<string> => {
    const body = { audience: { accounts: ['ada'] }, message: { title: 'x' } };
    const { id } = (await api().request('POST', '/v1/tasks', { body })).body as { id: string };
    await until('the task is done', async () => {
      const task = await api().request('GET', `/v1/tasks/${id}`);
      return task.body.state === 'done';
    });
    return id;
  };

  before('send one push more than the cap has room for', async () => {
    await api().request('PUT', '/v1/apps/shop/vendors/sandbox', { body: {} });
    const caps = [{ name: 'one-a-day', limit: 1, window: { calendar: 'day' } }];
    await api().request('PATCH', '/v1/apps/shop', { body: { caps } });
    const device = { vendor: 'sandbox', token: 'sandbox-ok-capped', account: 'ada' };
    await api().request('PUT', '/v1/devices', {
      body: { ...device, consent: { push: 'granted' } },
    });
    await send();
    path = `/v1/tasks/${await send()}`;
  });

  it('says by which cap and when it has room again, in every format and for the device', async () => {
    const { body: report } = await api().request('GET', path);
    expect(report.reasons).to.deep.equal({ suppressed: { 'capped:one-a-day': 1 } });
    const { body } = await api().request('GET', `${path}/deliveries`);
    const [row] = body.items;
    const stopped = {
      state: 'suppressed',
      reason: 'capped:one-a-day',
      freesAt: '2026-11-23T00:00:00.000Z',
    };
    expect(row).to.include(stopped);
    const lines = await api().request('GET', `${path}/deliveries?format=ndjson`);
    expect(JSON.parse(lines.text)).to.deep.equal(row);
    const table = await api().request('GET', `${path}/deliveries?format=csv`);
    expect(table.text.trimEnd().split('\n')[1]).to.match(/,2026-11-23T00:00:00.000Z$/);
    const ofDevice = await api().request('GET', `/v1/devices/${row.device}/deliveries`);
    const [newest] = ofDevice.body.items.filter(
      ({ state }: { state: string }) => state !== 'accepted',
    );
    expect(newest).to.include(stopped);
  });
});

describe('GET /v1/tasks/:task/deliveries of a large task', () => {
  let taken = 0;
  let isClosed = false;

  async function* endless(): AsyncIterable<DeliveryRow> {
    try {
      for (;;) {
        taken += 1;
        yield {
          task: new Types.ObjectId(),
          device: new Types.ObjectId(),
          state: 'failed',
          reason: '=HYPERLINK("http://thief.example","x")',
          attempts: 1,
        };
      }
    } finally {
      isClosed = true;
    }
  }

  const api = testApi({ engine: (real) => ({ ...real, deliveries: () => endless() }) });

  const readSome = async (format: string): Promise<{ text: string; hangUp: () => void }> => {
    const body = { audience: { all: true }, message: { title: 'x' } };
    const { id } = (await api().request('POST', '/v1/tasks', { body })).body as { id: string };
    const socket = connect(Number(new URL(api().url).port), '127.0.0.1');
    socket.write(
      `GET /v1/tasks/${id}/deliveries?format=${format} HTTP/1.1\r\nHost: localhost\r\n` +
        `Authorization: Bearer ${api().app.key}\r\n\r\n`,
    );
    const text = await new Promise<string>((resolve, reject) => {
      let received = '';
      socket.once('error', reject);
      socket.on('data', (chunk) => {
        received += chunk.toString();
        if (received.length < 5_000) return;
        socket.pause();
        resolve(received);
      });
    });
    return { text, hangUp: () => socket.destroy() };
  };

  for (const format of ['csv', 'ndjson']) {
    it(`takes no more rows as ${format} than the caller reads, and stops when the caller hangs up`, async () => {
      isClosed = false;
      const { hangUp } = await readSome(format);
      let before = -1;
      const hasStopped = () => {
        const isStill = taken === before;
        before = taken;
        return isStill;
      };
      await until('no more rows are taken', hasStopped, { everyMs: 200 });
      hangUp();
      await until('the rows are closed', () => isClosed);
      expect(api().logged).to.deep.equal([]);
    });
  }

  it('does not let a reason become a formula in a spreadsheet', async () => {
    const { text, hangUp } = await readSome('csv');
    hangUp();
    expect(text).to.include(`"'=HYPERLINK(`);
    expect(text).to.not.match(/,"?=HYPERLINK/);
  });
});
