/** Reminds of a cart: two accounts fill one, the first pays in time, the second is reminded. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

const { PIGEONPOST_URL: url, PIGEONPOST_KEY: key } = process.env;
if (!url || !key) throw new Error('Set PIGEONPOST_URL and PIGEONPOST_KEY, see examples/README.md');

const call = async (method, path, body) => {
  const reply = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!reply.ok) throw new Error(`${path} answered ${reply.status}: ${await reply.text()}`);
  return reply.json();
};

const [payer = 'customer-100001', other = 'customer-100002'] = process.argv.slice(2);

await call('PUT', '/v1/templates/cart', {
  message: { title: '{items, plural, one {One thing waits} other {# things wait}} in your cart' },
});
const { id, version } = await call('POST', '/v1/campaigns', {
  name: 'Abandoned cart',
  task: { message: { template: 'cart' } },
  schedule: {
    // An hour or so for people; nobody wants to wait that long here.
    trigger: { event: 'cart-updated', afterSeconds: 3, unless: ['checkout-done'] },
  },
});
await call('POST', `/v1/campaigns/${id}/approve`, { version });

// With an id, an event may be told again when no answer came.
const cart = (account) => ({
  ...{ id: randomUUID(), account, name: 'cart-updated' },
  properties: { items: 3 },
});
await call('POST', '/v1/events', { items: [cart(payer), cart(other)] });
await call('POST', '/v1/events', { account: payer, name: 'checkout-done' });

let entries;
do {
  await delay(200);
  entries = (await call('GET', `/v1/campaigns/${id}/entries`)).items;
} while (entries.some(({ state }) => state === 'waiting'));
console.log(entries);
await call('POST', `/v1/campaigns/${id}/end`, {});
