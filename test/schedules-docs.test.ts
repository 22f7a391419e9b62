import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { http2Transport } from '../transport/http2/http2-transport.js';
import { testApi } from './support/api.js';
import { credentialCache } from './support/fake-network.js';

/** The day on which somebody reads the page: its dates are ahead. */
const READ_AT = Date.parse('2026-12-01T08:00:00Z');

/** Requests as the page shows them: a line, and JSON below it, all indented. */
const shown = (): { path: string; body: unknown }[] =>
  readFileSync(new URL('../docs/schedules.md', import.meta.url), 'utf8')
    .split(/\n{2,}(?! {4})/)
    .filter((block) => block.startsWith('    POST ') || block.includes('\n    POST '))
    .map((block) => block.slice(block.indexOf('    POST ')).replaceAll(/^ {4}/gm, ''))
    .map((request) => {
      const [line = '', ...json] = request.split('\n');
      return { path: line.replace('POST ', ''), body: JSON.parse(json.join('\n')) as unknown };
    });

describe('docs/schedules.md', () => {
  const api = testApi({
    adapters: {
      transport: http2Transport({ allowPrivateEndpoints: true }),
      credentials: credentialCache(),
      now: () => READ_AT,
    },
  });

  it('shows requests that are accepted as they stand', async () => {
    const requests = shown();
    expect(requests).to.have.lengthOf(3);
    for (const { path, body } of requests) {
      const answer = await api().request('POST', path, { body });
      expect(answer.status, answer.text).to.equal(202);
      const task = (await api().request('GET', `${path}/${answer.body.id}`)).body;
      expect(task.schedule).to.deep.include((body as { schedule: object }).schedule);
    }
  });
});
