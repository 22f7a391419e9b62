import { once } from 'node:events';
import { request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { Closing } from '../../server/closing.js';
import { startNodeSink } from '../node-sink.js';
import { makeSinkCertificate } from '../sink.js';
import { startConnectProxy } from './connect-proxy.js';

describe('the proxy that leads to the sink', function () {
  this.timeout(30_000);
  const closing = new Closing();
  after(() => closing.close(() => undefined));

  it('leads a CONNECT to Apple to the sink, whose certificate bears the name of Apple', async () => {
    const sink = await startNodeSink(await makeSinkCertificate());
    await closing.add('the sink', sink.stop);
    const proxy = new URL(await startConnectProxy(sink, closing));
    const asked = request({
      host: proxy.hostname,
      port: proxy.port,
      method: 'CONNECT',
      path: 'api.push.apple.com:443',
    });
    asked.end();
    const [reply, socket] = (await once(asked, 'connect')) as [{ statusCode: number }, Socket];
    expect(reply.statusCode).to.equal(200);
    const secure = connectTls({
      socket,
      ca: sink.ca,
      servername: 'api.push.apple.com',
      ALPNProtocols: ['h2'],
    });
    await once(secure, 'secureConnect');
    const session = connectHttp2('https://api.push.apple.com', { createConnection: () => secure });
    const stream = session.request({ ':method': 'POST', ':path': '/3/device/one' });
    stream.end('{"aps":{}}');
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(headers[':status']).to.equal(200);
    session.destroy();
  });
});
