/** Runs in a process of its own, forked by raw-client.ts: as many pushes as it can over one connection of node:http2. */
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { benchToken, MESSAGE } from './devices.js';
import type { RawClientNews, RawClientOrder } from './raw-client.js';

const STREAMS = 500;
const CPU_US_PER_MS = 1_000;

// What the gateway sends, of the same size; nobody looks at the credential here.
const HEADERS = {
  ':method': 'POST',
  'apns-topic': 'com.example.pigeon',
  'apns-push-type': 'alert',
  'apns-priority': '10',
  'apns-expiration': '1900000000',
  'apns-collapse-id': 'bench-bench-bench',
  authorization: `bearer ${'x'.repeat(200)}`,
};
const BODY = Buffer.from(JSON.stringify({ aps: { alert: MESSAGE } }));

const push = (session: ClientHttp2Session, token: string): Promise<boolean> =>
  new Promise((resolve) => {
    const stream = session.request({ ...HEADERS, ':path': `/3/device/${token}` });
    let status = 0;
    stream.on('response', (headers) => {
      status = Number(headers[':status']);
    });
    stream.on('error', () => undefined);
    stream.on('close', () => resolve(status === 200));
    stream.resume();
    stream.end(BODY);
  });

const run = async ({ url, ca, pushes }: RawClientOrder): Promise<RawClientNews> => {
  const session = connect(url, { ca });
  await once(session, 'remoteSettings');
  // Making the tokens is not what is compared.
  const tokens = Array.from({ length: pushes }, (_, index) => benchToken(index));
  let next = 0;
  let accepted = 0;
  const worker = async (): Promise<void> => {
    for (let token = tokens[next++]; token != null; token = tokens[next++]) {
      if (await push(session, token)) accepted += 1;
    }
  };
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  await Promise.all(Array.from({ length: STREAMS }, worker));
  const { user, system } = process.cpuUsage(cpuBefore);
  const wallMs = performance.now() - startedAt;
  session.destroy();
  return { wallMs, cpuMs: (user + system) / CPU_US_PER_MS, accepted };
};

process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined);
const [order] = (await once(process, 'message')) as [RawClientOrder];
process.send?.(await run(order));
