import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { type ApiAnswer, testApi } from '../test/support/api.js';

const expectProblem = (answer: ApiAnswer, status: number, code: string): void => {
  expect(answer.text).to.include(code);
  expect(answer.status).to.equal(status);
  expect(answer.headers.get('content-type')).to.equal('application/problem+json; charset=utf-8');
  expect(answer.body).to.include({ status, code });
  expect(answer.body.requestId).to.equal(answer.headers.get('x-request-id'));
};

/** Sends bytes that fetch would never send. */
const rawRequest = async (url: string, lines: readonly string[]): Promise<string> => {
  const socket = createConnection(Number(new URL(url).port), '127.0.0.1');
  socket.write(`${[...lines, 'Host: localhost', 'Connection: close'].join('\r\n')}\r\n\r\n`);
  return text(socket);
};

describe('the API', () => {
  const api = testApi({ bodyLimitBytes: 1_000 });
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    api().request('POST', '/v1/tasks', { body, headers });

  it('does not tell what it is built with', async () => {
    const { headers } = await api().request('GET', '/healthz');
    expect(headers.has('x-powered-by')).to.equal(false);
    expect(headers.get('x-content-type-options')).to.equal('nosniff');
  });

  context('about request ids', () => {
    it("takes the caller's id when it is sane", async () => {
      const headers = { 'x-request-id': 'order-42:retry.1' };
      const answer = await api().request('GET', '/healthz', { headers });
      expect(answer.headers.get('x-request-id')).to.equal('order-42:retry.1');
    });

    for (const id of ['two words', 'x'.repeat(65), '<script>']) {
      it(`makes a new id in place of ${JSON.stringify(id.slice(0, 12))}`, async () => {
        const headers = { 'x-request-id': id };
        const answer = await api().request('GET', '/healthz', { headers });
        expect(answer.headers.get('x-request-id')).to.match(/^[0-9a-f-]{36}$/);
      });
    }
  });

  context('when the route does not exist', () => {
    it('answers 404 with or without a key', async () => {
      expectProblem(await api().request('GET', '/v1/nothing'), 404, 'ROUTE_UNKNOWN');
      expectProblem(await api().request('GET', '/', { key: null }), 404, 'ROUTE_UNKNOWN');
      expectProblem(await api().request('GET', '/V1/tasks'), 404, 'ROUTE_UNKNOWN');
    });

    it('answers 405 and the methods of the path', async () => {
      const answer = await api().request('DELETE', '/v1/tasks');
      expectProblem(answer, 405, 'METHOD_NOT_ALLOWED');
      expect(answer.headers.get('allow')).to.equal('POST, GET, HEAD');
    });

    it('tells the methods when asked for OPTIONS', async () => {
      const answer = await api().request('OPTIONS', '/v1/tasks', { key: null });
      expect(answer.status).to.equal(204);
      expect(answer.headers.get('allow')).to.equal('POST, GET, HEAD');
    });

    it('answers 400 when the path cannot be decoded', async () => {
      expectProblem(await api().request('GET', '/v1/tasks/%zz'), 400, 'MALFORMED_REQUEST');
    });
  });

  context('when the body cannot be read', () => {
    it('answers 400 to malformed JSON and to JSON that is no object', async () => {
      expectProblem(await post('{"audience":'), 400, 'MALFORMED_JSON');
      expectProblem(await post('"text"'), 400, 'MALFORMED_JSON');
    });

    it('answers 413 to a byte too many, naming the limit', async () => {
      const empty = JSON.stringify({ reference: '' }).length;
      const fits = await post({ reference: 'x'.repeat(1_000 - empty) });
      expectProblem(fits, 422, 'VALIDATION_FAILED');
      const answer = await post({ reference: 'x'.repeat(1_001 - empty) });
      expectProblem(answer, 413, 'BODY_TOO_LARGE');
      expect(answer.body.detail).to.equal('At most 1000 bytes are taken');
    });

    it('answers 413 to a small body that unfolds into a large one', async () => {
      const bomb = gzipSync(JSON.stringify({ reference: 'x'.repeat(100_000) }));
      const answer = await post(bomb, { 'content-encoding': 'gzip' });
      expectProblem(answer, 413, 'BODY_TOO_LARGE');
    });

    it('answers 415 to another type, another encoding and another character set', async () => {
      const form = await post('a=b', { 'content-type': 'application/x-www-form-urlencoded' });
      expectProblem(form, 415, 'MEDIA_TYPE_UNSUPPORTED');
      const zipped = await post('{}', { 'content-encoding': 'zip' });
      expectProblem(zipped, 415, 'BODY_ENCODING_UNSUPPORTED');
      const latin = await post('{}', { 'content-type': 'application/json; charset=latin1' });
      expectProblem(latin, 415, 'BODY_ENCODING_UNSUPPORTED');
    });

    it('answers 415 to a character set that is not UTF-8 and 400 to bytes that are not', async () => {
      const wide = Buffer.from('{}', 'utf16le');
      const type = 'application/json; charset=utf-16le';
      expectProblem(await post(wide, { 'content-type': type }), 415, 'BODY_ENCODING_UNSUPPORTED');
      const broken = Buffer.from('{"reference":"\xff"}', 'latin1');
      expectProblem(await post(broken), 400, 'MALFORMED_JSON');
    });

    const UNFIT: Record<string, [string, string]> = {
      'a NUL in a name': ['{"labels":{"a\\u0000b":"x"}}', 'labels.a\0b'],
      'a name that would change a prototype': ['{"__proto__":{"lane":"campaign"}}', '__proto__'],
      'a name that the database driver takes for its own': [
        '{"message":{"data":{"_bsontype":"ObjectId"}}}',
        'message.data._bsontype',
      ],
      'half a character': ['{"audience":{"accounts":["\\ud800"]}}', 'audience.accounts[0]'],
      'bottomless nesting': [`${'{"a":'.repeat(70)}1${'}'.repeat(70)}`, 'a'.repeat(64)],
    };
    for (const [name, [body, field]] of Object.entries(UNFIT)) {
      it(`answers 422 to ${name}, naming the field`, async () => {
        const answer = await post(body);
        expectProblem(answer, 422, 'VALIDATION_FAILED');
        expect(answer.body.errors).to.have.length(1);
        const found = answer.body.errors[0].field as string;
        expect(found.startsWith('a.') ? found.replaceAll('.', '') : found).to.equal(field);
      });
    }

    it('answers 400 to bytes that are not what their encoding says', async () => {
      const answer = await post('{}', { 'content-encoding': 'gzip' });
      expectProblem(answer, 400, 'MALFORMED_REQUEST');
    });

    it('takes a missing body for an empty one and names what is missing', async () => {
      const answer = await api().request('POST', '/v1/tasks');
      expectProblem(answer, 422, 'VALIDATION_FAILED');
      expect(answer.body.errors).to.deep.equal([
        { field: 'audience', detail: 'Is required' },
        { field: 'message', detail: 'Is required' },
      ]);
    });
  });

  it('reads a body only after it knows who sends it', async () => {
    const answer = await api().request('POST', '/v1/tasks', { key: 'nobody.nothing', body: '{' });
    expectProblem(answer, 401, 'UNAUTHENTICATED');
  });

  it('refuses unknown query fields', async () => {
    const answer = await api().request('GET', '/v1/tasks?refrence=a');
    expectProblem(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body.errors).to.deep.equal([
      { field: 'refrence', detail: 'Is not a field that is known here' },
    ]);
  });

  it('takes query fields as plain text, never as objects', async () => {
    for (const query of ['reference[$ne]=a', 'reference=a&reference=b']) {
      const answer = await api().request('GET', `/v1/tasks?${query}`);
      expectProblem(answer, 422, 'VALIDATION_FAILED');
    }
  });

  it('does not run a handler for a request line that is not HTTP', async () => {
    expect(await rawRequest(api().url, ['GET /v1/tasks HTTP/9.9'])).to.match(/^HTTP\/1\.1 400/);
  });
});

describe('the API in trouble', () => {
  const api = testApi({
    engine: (real) => ({
      ...real,
      ready: () => Promise.reject(new Error('the secret address of the database')),
      report: () => Promise.reject(new TypeError('cannot read secret of undefined')),
    }),
  });

  const task = async (): Promise<string> => {
    const body = { audience: { all: true }, message: { title: 'x' } };
    const created = await api().request('POST', '/v1/tasks', { body });
    return created.body.id as string;
  };

  it('answers 500 without a word about an unexpected error, which the log has in full', async () => {
    const id = await task();
    const answer = await api().request('GET', `/v1/tasks/${id}`);
    expectProblem(answer, 500, 'INTERNAL');
    expect(answer.body).to.have.all.keys('type', 'title', 'status', 'code', 'requestId');
    expect(answer.text).to.not.include('secret');
    const line = api().logged.find((each) => each.includes(answer.body.requestId as string));
    expect(line).to.include('cannot read secret of undefined').and.include('app.test.ts');
    // The template: a path may name an account.
    expect(line).to.include('"route":"/v1/tasks/:task"').and.not.include(id);
  });

  it('is not ready, and does not tell strangers why', async () => {
    const answer = await api().request('GET', '/readyz', { key: null });
    expectProblem(answer, 503, 'NOT_READY');
    expect(answer.text).to.not.include('secret');
    expect(api().logged.join()).to.include('the secret address of the database');
  });

  it('still lives', async () => {
    expect((await api().request('GET', '/healthz')).status).to.equal(200);
  });
});
