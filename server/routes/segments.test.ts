import { expect } from 'chai';
import { taskModel } from '../../models/task.js';
import { testApi } from '../../test/support/api.js';

describe('Segments over HTTP', () => {
  const api = testApi();
  const ask = (method: string, path: string, body?: unknown, key?: string) =>
    api().request(method, path, { ...(body == null ? {} : { body }), ...(key ? { key } : {}) });
  const put = (name: string, expression: string, more: Record<string, unknown> = {}) =>
    ask('PUT', `/v1/segments/${name}`, { expression, ...more });
  const saved = async (name: string, expression: string): Promise<void> => {
    const { status, text } = await put(name, expression);
    expect(status, text).to.equal(200);
  };
  const post = (audience: Record<string, unknown>) =>
    ask('POST', '/v1/tasks', { audience, message: { title: 'Hello' } });
  const storedTask = async (audience: Record<string, unknown>) => {
    const { status, body, text } = await post(audience);
    expect(status, text).to.equal(202);
    return taskModel(api().connection).findById(body.id).orFail().lean();
  };
  const remove = async (...names: string[]): Promise<void> => {
    for (const name of names) await ask('DELETE', `/v1/segments/${name}`);
  };

  it('are saved, changed, listed by name and removed', async () => {
    const first = await put('loyal', 'vip & attr.level >= 3', { description: 'Dear ones' });
    expect(first.status).to.equal(200);
    const { body } = await put('loyal', 'vip');
    expect(body).to.deep.include({ name: 'loyal', expression: 'vip', uses: [] });
    expect(body.createdAt).to.equal(first.body.createdAt);
    expect(body).not.to.have.property('description');
    await saved('early', 'segment(loyal) & beta');
    expect((await ask('GET', '/v1/segments/early')).body).to.deep.include({ uses: ['loyal'] });
    const list = await ask('GET', '/v1/segments');
    expect(list.body.items.map(({ name }: { name: string }) => name)).to.deep.equal([
      'early',
      'loyal',
    ]);
    await remove('early');
    expect((await ask('GET', '/v1/segments/early')).status).to.equal(404);
    expect((await ask('DELETE', '/v1/segments/early')).status).to.equal(404);
    await remove('loyal');
  });

  it('are refused with the character at which reading stopped', async () => {
    const { status, body } = await put('odd', 'vip & platform = pager');
    expect([status, body.code]).to.deep.equal([422, 'EXPRESSION_INVALID']);
    expect(body.errors[0]).to.include({ field: 'expression', position: 17 });
    expect((await ask('GET', '/v1/segments/odd')).status).to.equal(404);
    expect((await put('Odd', 'vip')).status).to.equal(404);
    expect((await put('odd', 'vip', { colour: 'red' })).body.code).to.equal('VALIDATION_FAILED');
  });

  it('never use each other in a circle, also when they are saved at the same time', async () => {
    await saved('a', 'vip');
    await saved('b', 'segment(a)');
    const circle = await put('a', 'beta | segment(b)');
    expect(circle.body.code).to.equal('EXPRESSION_INVALID');
    expect(circle.body.errors[0]).to.include({ field: 'expression', position: 7 });
    expect(circle.body.errors[0].detail).to.contain('(a > b > a)');
    await saved('b', 'trial');
    const answers = await Promise.all([put('a', 'segment(b)'), put('b', 'segment(a)')]);
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 422]);
    await remove('a', 'b', 'a');
  });

  it('are not changed so that those that use them could not be read any more', async () => {
    await saved('s1', 'vip');
    for (const at of [2, 3, 4, 5]) await saved(`s${at}`, `segment(s${at - 1})`);
    await saved('s0', 'vip');
    const { status, body } = await put('s1', 'segment(s0)');
    expect([status, body.code]).to.deep.equal([422, 'EXPRESSION_INVALID']);
    expect(body.detail).to.contain('s5');
    expect((await ask('GET', '/v1/segments/s1')).body.expression).to.equal('vip');
    await remove('s0', 's5', 's4', 's3', 's2', 's1');
  });

  it('are kept while others use them, who are named', async () => {
    await saved('base', 'vip');
    await saved('user-1', 'segment(base)');
    await saved('user-2', '!segment(base)');
    const { status, body } = await ask('DELETE', '/v1/segments/base');
    expect([status, body.code]).to.deep.equal([409, 'SEGMENT_IN_USE']);
    expect(body.usedBy).to.deep.equal(['user-1', 'user-2']);
    await remove('user-1', 'user-2');
    expect((await ask('DELETE', '/v1/segments/base')).status).to.equal(204);
  });

  it('stand in a task as what they were when it was accepted', async () => {
    await saved('inner', 'vip');
    await saved('outer', 'segment(inner) | beta');
    const task = await storedTask({
      where: 'attr.level > 3 & segment(outer)',
      exclude: { where: 'segment(inner)' },
    });
    await saved('inner', 'churned');
    const kept = await taskModel(api().connection).findById(task._id).orFail().lean();
    expect(kept).to.deep.include({
      whereExpression: 'attr.level > 3 & ((vip) | beta)',
      exclude: { where: '(vip)' },
    });
    expect((await storedTask({ where: 'segment(inner)' })).whereExpression).to.equal('(churned)');
    await remove('outer', 'inner');
    const gone = await post({ where: 'beta & segment(inner)' });
    expect(gone.body.code).to.equal('EXPRESSION_INVALID');
    expect(gone.body.errors[0]).to.include({ field: 'audience.where', position: 7 });
    expect((await post({ tags: 'segment(inner)' })).body.code).to.equal('TAG_EXPRESSION_INVALID');
  });

  it('are nothing to another app', async () => {
    await saved('ours', 'vip');
    const other = await api().createApp('segment-spy');
    expect((await ask('GET', '/v1/segments/ours', undefined, other.key)).status).to.equal(404);
    expect((await ask('GET', '/v1/segments', undefined, other.key)).body.items).to.deep.equal([]);
    expect((await ask('DELETE', '/v1/segments/ours', undefined, other.key)).status).to.equal(404);
    const task = { audience: { where: 'segment(ours)' }, message: { title: 'Hello' } };
    expect((await ask('POST', '/v1/tasks', task, other.key)).status).to.equal(422);
    await remove('ours');
  });
});
