import { expect } from 'chai';
import { idempotencyModel } from '../../models/idempotency.js';
import { keyModel } from '../../models/key.js';
import { taskModel } from '../../models/task.js';
import { type ApiAnswer, testApi } from '../../test/support/api.js';

const TASK = { audience: { all: true }, message: { title: 'Hello' } };

describe('an idempotency key', () => {
  const api = testApi();
  let tasksBefore = 0;

  const countTasks = () => taskModel(api().connection).countDocuments();
  const newTasks = async (): Promise<number> => (await countTasks()) - tasksBefore;
  const post = (key: string, body: unknown = TASK, path = '/v1/tasks'): Promise<ApiAnswer> =>
    api().request('POST', path, { body, headers: { 'idempotency-key': key } });

  beforeEach(async () => {
    tasksBefore = await countTasks();
  });

  it('creates once and replays the same answer', async () => {
    const first = await post('once');
    expect(first.status).to.equal(202);
    expect(first.headers.has('idempotent-replayed')).to.equal(false);
    const second = await post('once');
    expect(second.headers.get('idempotent-replayed')).to.equal('true');
    expect([second.status, second.text]).to.deep.equal([first.status, first.text]);
    expect(await newTasks()).to.equal(1);
  });

  it('makes one task of many concurrent twins, and all of them hear of it', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => post('twins')));
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([202]));
    expect(new Set(answers.map(({ text }) => text)).size).to.equal(1);
    const replayed = answers.filter(({ headers }) => headers.has('idempotent-replayed'));
    expect(replayed).to.have.length(11);
    expect(await newTasks()).to.equal(1);
  });

  it('is refused with another body, which creates nothing', async () => {
    await post('reused');
    const other = await post('reused', { ...TASK, reference: 'another' });
    expect([other.status, other.body.code]).to.deep.equal([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect(await newTasks()).to.equal(1);
  });

  it('is not used up by a request that was refused', async () => {
    expect((await post('mended', { ...TASK, lane: 'fast' })).status).to.equal(422);
    expect(
      (await post('mended', { audience: { tags: 'a &' }, message: { title: 'x' } })).status,
    ).to.equal(422);
    expect((await post('mended')).status).to.equal(202);
    expect(await newTasks()).to.equal(1);
  });

  it('belongs to its app', async () => {
    const rival = await api().createApp('rival');
    const mine = await post('shared');
    const theirs = await api().request('POST', '/v1/tasks', {
      key: rival.key,
      body: TASK,
      headers: { 'idempotency-key': 'shared' },
    });
    expect(theirs.status).to.equal(202);
    expect(theirs.body.id).to.not.equal(mine.body.id);
  });

  it('belongs to its route', async () => {
    await post('routes');
    const key = { name: 'other route', scopes: ['tasks:read'] };
    expect((await post('routes', key, '/v1/apps/shop/keys')).status).to.equal(201);
  });

  it('does not show the secret of a new key again', async () => {
    const body = { name: 'secretive', scopes: ['tasks:read'] };
    const first = await post('secret', body, '/v1/apps/shop/keys');
    const again = await post('secret', body, '/v1/apps/shop/keys');
    const { key, ...shown } = first.body as { key: string; id: string };
    expect(again.body).to.deep.equal(shown);
    const stored = await idempotencyModel(api().connection).find().lean();
    expect(JSON.stringify(stored)).to.not.include(key.split('.')[1]);
    expect(await keyModel(api().connection).countDocuments({ name: 'secretive' })).to.equal(1);
  });

  it('does not show the secrets of a new app again', async () => {
    const create = () =>
      api().request('POST', '/v1/apps', {
        key: api().operatorKey,
        body: { id: 'twice', name: 'Twice' },
        headers: { 'idempotency-key': 'app' },
      });
    expect((await create()).body).to.include.keys('identitySecret');
    const again = await create();
    expect([again.status, again.body.id]).to.deep.equal([201, 'twice']);
    expect(again.body).to.not.have.any.keys('identitySecret');
    expect(again.body.adminKey).to.not.have.any.keys('key');
  });

  it('has 1 to 255 visible ASCII characters', async () => {
    for (const key of ['x'.repeat(256), 'two words', 'é']) {
      const answer = await post(key);
      expect([answer.status, answer.body.code]).to.deep.equal([400, 'IDEMPOTENCY_KEY_INVALID']);
    }
    expect((await post('~'.repeat(255))).status).to.equal(202);
    expect(await newTasks()).to.equal(1);
  });

  it('is forgotten after a day', async () => {
    const indexes = await idempotencyModel(api().connection).collection.indexes();
    const expiry = indexes.find(({ expireAfterSeconds }) => expireAfterSeconds != null);
    expect(expiry).to.deep.include({ key: { createdAt: 1 }, expireAfterSeconds: 86_400 });
  });
});
