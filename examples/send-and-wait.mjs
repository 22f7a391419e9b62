/** Sends to an account and waits until every device has its final state. Needs no library. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

const { PIGEONPOST_URL: url, PIGEONPOST_KEY: key } = process.env;
if (!url || !key) throw new Error('Set PIGEONPOST_URL and PIGEONPOST_KEY, see examples/README.md');

const call = async (path, init = {}) => {
  const reply = await fetch(url + path, {
    ...init,
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      // Whoever repeats a request after a lost answer keeps this, and nothing is sent twice.
      'idempotency-key': randomUUID(),
    },
  });
  if (!reply.ok) throw new Error(`${path} answered ${reply.status}: ${await reply.text()}`);
  return reply.json();
};

const { id } = await call('/v1/tasks', {
  method: 'POST',
  body: JSON.stringify({
    audience: { accounts: [process.argv[2] ?? 'customer-100002'] },
    message: { title: 'Hello', body: 'From send-and-wait.mjs' },
  }),
});

let task;
do {
  await delay(200);
  task = await call(`/v1/tasks/${id}`);
} while (!['done', 'cancelled', 'failed'].includes(task.state));
console.log(task);
