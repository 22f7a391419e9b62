/** Writes a campaign, looks at its next instants, approves it, waits for the report of its first run, and ends it. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

const { PIGEONPOST_URL: url, PIGEONPOST_KEY: key } = process.env;
if (!url || !key) throw new Error('Set PIGEONPOST_URL and PIGEONPOST_KEY, see examples/README.md');

const call = async (method, path, body) => {
  const reply = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!reply.ok) throw new Error(`${path} answered ${reply.status}: ${await reply.text()}`);
  return reply.json();
};

const { id, version } = await call('POST', '/v1/campaigns', {
  name: 'News of the week',
  task: {
    audience: { accounts: [process.argv[2] ?? 'customer-100002'] },
    message: { title: 'News of the week', body: 'From run-campaign.mjs' },
  },
  schedule: { rrule: 'FREQ=WEEKLY;BYDAY=MO', timeZone: 'Europe/Berlin', start: '2027-01-04T09:00' },
});
console.log(await call('GET', `/v1/campaigns/${id}/next?count=3`));

// Nobody wants to wait until Monday here: a new version runs once, in two seconds.
const soon = { at: new Date(Date.now() + 2_000) };
const changed = await call('PATCH', `/v1/campaigns/${id}`, { schedule: soon });
console.log(`Version ${version} was changed to ${changed.version}, which is approved now`);
await call('POST', `/v1/campaigns/${id}/approve`, { version: changed.version });

let run;
do {
  await delay(200);
  [run] = (await call('GET', `/v1/campaigns/${id}/runs`)).items;
} while (run == null || (run.state === 'made' && run.task.state !== 'done'));
console.log(run);
// It has ended by itself, because its schedule has; a recurring one is ended like this.
await call('POST', `/v1/campaigns/${id}/end`, {});
