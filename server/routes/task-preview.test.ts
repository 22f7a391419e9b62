import { expect } from 'chai';
import { testApi } from '../../test/support/api.js';

const LONG = '0123456789abcdef0123456789abcdef';
const HELLO = { title: 'Hello' };

describe('The preview of a task', () => {
  const api = testApi();

  const register = async (name: string, body: Record<string, unknown>): Promise<void> => {
    const token = `sandbox-${name}-${LONG}`;
    const answer = await api().request('PUT', '/v1/devices', {
      body: { vendor: 'sandbox', token, ...body },
    });
    expect(answer.status, answer.text).to.equal(200);
  };
  const preview = (body: Record<string, unknown>, key = api().app.key) =>
    api().request('POST', '/v1/tasks/preview', { key, body: { message: HELLO, ...body } });
  const countTasks = async (): Promise<number> =>
    (await api().request('GET', '/v1/tasks')).body.items.length as number;

  before(async () => {
    await api().request('PUT', `/v1/apps/${api().app.id}/vendors/sandbox`, { body: {} });
    await register('p1', { tags: ['seen'], consent: { push: 'granted' } });
    await register('p2', { tags: ['seen'] });
  });

  it('says whom it would reach and why not the others, and sends nothing', async () => {
    const before = await countTasks();
    const { status, body, text } = await preview({ audience: { tags: 'seen' } });
    expect(status, text).to.equal(200);
    expect(body).to.deep.include({
      targeted: 2,
      reached: 1,
      byVendor: { sandbox: 1 },
      byLocale: { default: 1 },
      suppressed: { 'no-consent': 1 },
    });
    expect(Date.parse(body.firstAt)).to.be.at.most(Date.parse(body.lastAt));
    expect(await countTasks()).to.equal(before);
  });

  it('is exact for few devices, also when it is to be fast', async () => {
    const { body } = await preview({ audience: { all: true }, fast: true });
    expect(body).to.include({ targeted: 2, reached: 1 }).and.not.have.property('estimate');
  });

  it('refuses what a task is refused for, and names the field', async () => {
    for (const [body, field] of [
      [{ audience: { tags: 'seen' }, message: {} }, 'message'],
      [{ audience: { tags: 'seen' }, fast: 'yes' }, 'fast'],
      [{ audience: { where: 'attr.level >' } }, 'audience.where'],
    ] as const) {
      const answer = await preview(body);
      expect(answer.status).to.be.oneOf([400, 422]);
      expect(answer.body.errors[0].field).to.equal(field);
    }
  });

  it('needs a key that may read tasks', async () => {
    const key = api().app.keys['devices:register'];
    expect((await preview({ audience: { all: true } }, key)).status).to.equal(403);
  });
});
