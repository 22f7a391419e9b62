import { once } from 'node:events';
import { connect } from 'node:http2';
import { expect } from 'chai';
import { temporaryFolders } from '../test/support/temporary-folder.js';
import { nginxVersion, startNginxSink } from './nginx-sink.js';
import { startNodeSink } from './node-sink.js';
import { sharedClockMs } from './shared-clock.js';
import { makeSinkCertificate, type Sink } from './sink.js';

const APPLE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const push = (sink: Sink, token: string) => post(sink, `/3/device/${token}`);

const post = async ({ url, ca }: Sink, path: string) => {
  const session = connect(url, { ca });
  const stream = session.request({ ':method': 'POST', ':path': path });
  stream.end('{"aps":{}}');
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  let body = '';
  for await (const chunk of stream) body += String(chunk);
  session.close();
  return { status: headers[':status'], id: headers['apns-id'], body };
};

/** What adapters read of the other vendors' answers. */
const expectBodies = async (sink: Sink) => {
  const bodyOf = async (path: string) =>
    JSON.parse((await post(sink, path)).body) as Record<string, unknown>;
  expect(await bodyOf('/v1/projects/one/messages:send')).to.have.property('name');
  expect(await bodyOf('/v3/one/messages:send')).to.include({ code: '80000000' });
  expect(await bodyOf('/token')).to.include({ token_type: 'Bearer' });
};

describe('the sinks of the benchmark', function () {
  this.timeout(30_000);
  const folder = temporaryFolders();

  it('answers over node:http2 as Apple does, and tells when each push arrived first', async () => {
    const sink = await startNodeSink(await makeSinkCertificate(), { record: true });
    try {
      const answer = await push(sink, 'one');
      expect(answer).to.deep.include({ status: 200, body: '' });
      expect(answer.id).to.match(APPLE_ID);
      await push(sink, 'one');
      await push(sink, 'two');
      const arrivals = await sink.arrivals();
      expect([...arrivals.keys()]).to.deep.equal(['/3/device/one', '/3/device/two']);
      const [one, two] = [...arrivals.values()];
      expect(one?.times).to.equal(2);
      expect(one?.firstAtMs).to.be.below(two?.firstAtMs ?? 0);
      await expectBodies(sink);
    } finally {
      await sink.stop();
    }
  });

  it('answers over nginx the same, where it is installed', async () => {
    const version = await nginxVersion();
    // A machine without nginx measures with the other sink.
    if (version == null) return;
    const certificate = await makeSinkCertificate();
    const sink = await startNginxSink(certificate, await folder(), version, { record: true });
    try {
      const sentAtMs = sharedClockMs();
      const answer = await push(sink, 'one');
      expect(answer).to.deep.include({ status: 200, body: '' });
      expect(answer.id).to.match(APPLE_ID);
      expect(sink.pids).to.have.lengthOf(2);
      await push(sink, 'one');
      expect((await sink.arrivals()).get('/3/device/one')?.times).to.equal(2);
      await push(sink, 'two');
      const arrivals = await sink.arrivals();
      expect([...arrivals.keys()]).to.deep.equal(['/3/device/one', '/3/device/two']);
      // By a clock of whole milliseconds.
      const { firstAtMs } = arrivals.get('/3/device/one')!;
      expect(firstAtMs).to.be.within(sentAtMs - 2, sharedClockMs() + 2);
      await expectBodies(sink);
    } finally {
      await sink.stop();
    }
  });
});
