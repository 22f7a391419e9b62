import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { testApi } from '../../test/support/api.js';
import { until } from '../../test/support/until.js';

const LINES = 20_000;
const HEADER = 'vendor,token,installationId,account,tags,consent.push,consent.purposes.marketing';

/** Handed out piece by piece, as a network does. */
const streamed = (text: string | Buffer) => {
  const bytes = Buffer.from(text as string);
  const pieces = function* () {
    for (let at = 0; at < bytes.length; at += 60_001) yield bytes.subarray(at, at + 60_001);
  };
  return Readable.toWeb(Readable.from(pieces()));
};

describe('POST /v1/devices/import', () => {
  const api = testApi();

  const post = (body: unknown, type = 'text/csv', headers: Record<string, string> = {}) =>
    api().request('POST', '/v1/devices/import', {
      body,
      headers: { 'content-type': type, ...headers },
    });
  const postNdjson = (...rows: unknown[]) =>
    post(rows.map((row) => `${JSON.stringify(row)}\n`).join(''), 'application/x-ndjson');
  const deviceOf = async (token: string) =>
    (await api().request('GET', `/v1/devices?token=${token}`)).body.items[0];

  it('takes CSV, and does each line what a registration does', async () => {
    const csv = [
      HEADER,
      'sandbox,sandbox-csv-1,csv-i1,ann,vip|beta,granted,denied',
      'sandbox,sandbox-csv-2,,,,,',
    ];
    const { status, body } = await post(csv.join('\r\n'));
    expect(status).to.equal(200);
    expect(body).to.deep.equal({ created: 2, updated: 0, unchanged: 0, refused: 0, errors: [] });
    const device = await deviceOf('sandbox-csv-1');
    expect(device).to.deep.include({
      installationId: 'csv-i1',
      account: 'ann',
      tags: ['vip', 'beta'],
    });
    expect(device.consent).to.deep.include({ push: 'granted', purposes: { marketing: 'denied' } });
    const history = await api().request('GET', `/v1/devices/${device.id}/consent`);
    expect(history.body.items).to.have.lengthOf(1);
    expect(history.body.items[0].cause).to.equal('import');
    expect((await deviceOf('sandbox-csv-2')).consent).to.deep.equal({ purposes: {} });
    const again = await post(csv.join('\n'));
    expect(again.body).to.deep.include({ created: 0, unchanged: 2 });
  });

  it('takes facts and attributes, and refuses a line alone that has too many', async () => {
    const csv = [
      'vendor,token,osVersion,brand,platform,attributes.level,attributes.plan',
      'sandbox,sandbox-facts-1,17.1,Honor,android,12,gold',
      'sandbox,sandbox-facts-2,,,pager,,',
    ];
    const { body } = await post(csv.join('\n'));
    expect(body).to.deep.include({ created: 1, refused: 1 });
    expect(body.errors[0]).to.include({ line: 3, field: 'platform' });
    expect(body.errors[0].reason).to.match(/must be one of .*harmonyos/i);
    const device = await deviceOf('sandbox-facts-1');
    expect(device).to.deep.include({
      osVersion: '17.1',
      brand: 'honor',
      platform: 'android',
      attributes: { level: 12, plan: 'gold' },
    });
    expect(device).not.to.have.property('lastSeenAt');
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`a${at}`, at]));
    const token = 'sandbox-facts-1';
    const again = await postNdjson(
      { vendor: 'sandbox', token, attributes: many },
      { vendor: 'sandbox', token, attributes: { level: 13 } },
    );
    expect(again.body).to.deep.include({ updated: 1, refused: 1 });
    expect(again.body.errors).to.deep.equal([
      { line: 1, field: 'attributes', reason: 'too-many-attributes' },
    ]);
    expect((await deviceOf(token)).attributes).to.deep.equal({ level: 13, plan: 'gold' });
  });

  it('refuses a line with names or texts that cannot be kept as they are', async () => {
    const { body } = await post(
      [
        '{"vendor":"sandbox","token":"sandbox-unfit-1","account":"\\ud800"}',
        '{"vendor":"sandbox","token":"sandbox-unfit-2","__proto__":{"account":"ann"}}',
      ].join('\n'),
      'application/x-ndjson',
    );
    expect(body).to.include({ created: 0, refused: 2 });
    expect(body.errors.map((error: { field: string }) => error.field)).to.deep.equal([
      'account',
      '__proto__',
    ]);
  });

  it('takes NDJSON in the form of a registration', async () => {
    const { body } = await postNdjson(
      { vendor: 'sandbox', token: 'sandbox-nd-1', account: 'ann', consent: { push: 'granted' } },
      { vendor: 'sandbox', token: 'sandbox-nd-1', account: 'bob' },
    );
    expect(body).to.deep.include({ created: 1, updated: 1 });
    const device = await deviceOf('sandbox-nd-1');
    expect(device.account).to.equal('bob');
    expect(device.consent).not.to.have.property('push');
  });

  it('refuses broken lines only, and tells each with line, field and reason', async () => {
    const { status, body, text } = await post(
      [
        HEADER,
        'sandbox,sandbox-ok-1,,,,,',
        'pager,sandbox-x,,,,,',
        'sandbox,SECRET NO TOKEN,,,,,',
        'sandbox,sandbox-x',
        '',
        'sandbox,"sandbox-x,,,,,',
        'sandbox,sandbox-x,,,,maybe,',
        'sandbox,sandbox-ok-2,,,,,',
      ].join('\n'),
    );
    expect(status).to.equal(200);
    expect(body).to.include({ created: 2, refused: 5 });
    expect(
      body.errors.map(({ line, field }: { line: number; field: string }) => [line, field]),
    ).to.deep.equal([
      [3, 'vendor'],
      [4, 'token'],
      [5, ''],
      [7, ''],
      [8, 'consent.push'],
    ]);
    expect(text).not.to.contain('SECRET');
    expect(await deviceOf('sandbox-x')).to.equal(undefined);
  });

  it('takes no fields that only a single registration has', async () => {
    const { body } = await postNdjson({
      vendor: 'sandbox',
      token: 'sandbox-nd-2',
      installationId: 'x',
      previousToken: 'sandbox-nd-1',
    });
    expect(body.errors).to.deep.equal([
      { line: 1, field: 'previousToken', reason: 'Is not a field that is known here' },
    ]);
  });

  it('survives rows that are no objects, or try to be more than that', async () => {
    const { body } = await post(
      '1\nnull\n[]\n"x"\n{"__proto__":{"vendor":"sandbox"}}\n{"vendor":"sandbox","token":{"$gt":""}}\n',
      'application/x-ndjson',
    );
    expect(body).to.include({ created: 0, refused: 6 });
  });

  it('refuses a header that it does not understand, and writes nothing', async () => {
    const { status, body } = await post('vendor,token,colour\nsandbox,sandbox-head,red\n');
    expect(status).to.equal(422);
    expect(body.code).to.equal('VALIDATION_FAILED');
    expect(body.errors).to.deep.equal([{ field: 'header', detail: 'Column 3 is not known here' }]);
    expect(await deviceOf('sandbox-head')).to.equal(undefined);
  });

  it('takes no other type and no other packing', async () => {
    const json = await api().request('POST', '/v1/devices/import', { body: [] });
    expect(json.body).to.include({ status: 415, code: 'MEDIA_TYPE_UNSUPPORTED' });
    const br = await post('x', 'text/csv', { 'content-encoding': 'br' });
    expect(br.body).to.include({ status: 415, code: 'BODY_ENCODING_UNSUPPORTED' });
  });

  it('answers zeros to an empty body', async () => {
    expect((await post('')).body).to.deep.include({ created: 0, refused: 0 });
  });

  it(`takes ${LINES} lines as a stream`, async function () {
    this.timeout(120_000);
    const rows = Array.from(
      { length: LINES },
      (_, index) => `sandbox,sandbox-many-${index},many-${index},person-${index >> 1},vip,granted,`,
    );
    const { body } = await post(streamed([HEADER, ...rows, ''].join('\n')));
    expect(body).to.deep.equal({
      created: LINES,
      updated: 0,
      unchanged: 0,
      refused: 0,
      errors: [],
    });
    const last = await api().request('GET', `/v1/devices?account=person-${(LINES >> 1) - 1}`);
    expect(last.body.items).to.have.lengthOf(2);
  });

  it('takes a gzipped stream, and updates what it knows', async () => {
    const csv = (tag: string) =>
      [
        'vendor,token,tags',
        ...Array.from({ length: 1_500 }, (_, index) => `sandbox,sandbox-gz-${index},${tag}`),
      ].join('\n');
    expect((await post(csv('silver'))).body).to.include({ created: 1_500 });
    const packed = streamed(gzipSync(csv('gold')));
    const { body } = await post(packed, 'text/csv', { 'content-encoding': 'gzip' });
    expect(body).to.include({ created: 0, updated: 1_500, refused: 0 });
    expect((await deviceOf('sandbox-gz-1499')).tags).to.deep.equal(['gold']);
    expect((await api().request('GET', '/v1/devices?tag=silver')).body.items).to.deep.equal([]);
  });

  it('refuses a small body that unpacks to millions of empty lines, without work for each', async () => {
    const packed = gzipSync(Buffer.alloc(100_000_000, '\n'));
    expect(packed.length).to.be.below(100_000);
    const before = process.cpuUsage();
    const answer = await post(packed, 'application/x-ndjson', { 'content-encoding': 'gzip' });
    const { user } = process.cpuUsage(before);
    expect(answer.status).to.equal(413);
    expect(answer.body).to.include({
      code: 'BODY_TOO_LARGE',
      detail: 'At most 5000000 lines are taken',
    });
    expect(user / 1_000).to.be.below(10_000);
  });

  context('when the body breaks off', () => {
    const rows = (count: number, prefix: string) =>
      [
        'vendor,token',
        ...Array.from({ length: count }, (_, index) => `sandbox,sandbox-${prefix}-${index}`),
        '',
      ].join('\n');

    it('tells what was done before a gzip stream ends too soon', async () => {
      const packed = gzipSync(rows(5_000, 'half'));
      const half = packed.subarray(0, packed.length - 200);
      const { status, body } = await post(half, 'text/csv', { 'content-encoding': 'gzip' });
      expect(status).to.equal(400);
      expect(body.code).to.equal('IMPORT_INTERRUPTED');
      expect(body.created).to.be.within(1_000, 4_999);
      expect(await deviceOf('sandbox-half-0')).to.be.an('object');
    });

    it('keeps what was done when the caller hangs up, and serves the next', async () => {
      const { host, hostname, port } = new URL(api().url);
      const cut = httpRequest({
        hostname,
        port,
        host,
        method: 'POST',
        path: '/v1/devices/import',
        headers: {
          authorization: `Bearer ${api().app.key}`,
          'content-type': 'text/csv',
          'transfer-encoding': 'chunked',
        },
      });
      cut.on('error', () => undefined);
      cut.write(rows(2_500, 'cut'));
      await until(
        'the first lines are written',
        async () => (await deviceOf('sandbox-cut-0')) != null,
      );
      cut.destroy();
      await until('the log tells of it', () =>
        api().logged.some((line) => line.includes('An import broke off')),
      );
      expect(api().logged.join('\n')).not.to.contain('sandbox-cut');
      expect((await post('vendor,token\nsandbox,sandbox-next\n')).body.created).to.equal(1);
    });
  });
});
