import { expect } from 'chai';
import { testApi } from '../../test/support/api.js';

const LONG = '0123456789abcdef0123456789abcdef';

describe("The number on a device's icon", () => {
  const api = testApi();
  let count = 0;

  const newDevice = async (): Promise<{ id: string; token: string }> => {
    count += 1;
    const token = `sandbox-badge${count}-${LONG}`;
    const body = { vendor: 'sandbox', token, consent: { push: 'granted' } };
    const { body: answer } = await api().request('PUT', '/v1/devices', { body });
    return { id: answer.id as string, token };
  };
  const put = (id: string, body: Record<string, unknown>, key = api().app.key) =>
    api().request('PUT', `/v1/devices/${id}/badge`, { key, body });
  const get = async (id: string): Promise<unknown> =>
    (await api().request('GET', `/v1/devices/${id}/badge`)).body;
  const clientKey = (): string => api().app.keys['devices:register'];

  it('is 0 until somebody counts', async () => {
    const { id } = await newDevice();
    expect(await get(id)).to.deep.equal({ count: 0 });
  });

  it('is what the app says', async () => {
    const { id } = await newDevice();
    for (const said of [4, 0]) {
      expect((await put(id, { count: said })).status).to.equal(204);
      expect(await get(id)).to.deep.equal({ count: said });
    }
  });

  it('is said by a key inside the app only with the token of its device', async () => {
    const [own, other] = [await newDevice(), await newDevice()];
    const owner = { vendor: 'sandbox', token: own.token };
    expect((await put(own.id, { count: 2, ...owner }, clientKey())).status).to.equal(204);
    expect((await put(other.id, { count: 9, ...owner }, clientKey())).status).to.equal(404);
    const bare = await put(own.id, { count: 9 }, clientKey());
    expect(bare.status).to.equal(422);
    expect(bare.body.errors[0]).to.include({ field: 'token' });
    expect(await get(own.id)).to.deep.equal({ count: 2 });
    expect(await get(other.id)).to.deep.equal({ count: 0 });
  });

  it('is refused when it is no number of an icon', async () => {
    const { id } = await newDevice();
    for (const said of [-1, 1.5, 100_000, '1', null]) {
      const { status, body } = await put(id, { count: said });
      expect(status, String(said)).to.equal(422);
      expect(body.errors[0].field).to.equal('count');
    }
  });

  it('of nobody is not found', async () => {
    expect((await put('0123456789abcdef01234567', { count: 0 })).status).to.equal(404);
  });
});
