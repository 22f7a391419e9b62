/** Runs in a process of its own, forked by raw-client.ts: as many pushes as it can over one connection of node:http2. */
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { APNS_BODY, APNS_HEADERS } from './apns-push.js';
import { benchToken } from './devices.js';
import type { RawClientNews, RawClientOrder } from './raw-client.js';

const STREAMS = 500;
const CPU_US_PER_MS = 1_000;

const HEADERS = { ':method': 'POST', ...APNS_HEADERS };

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
    stream.end(APNS_BODY);
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
