import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { certificates, makeCertificates } from '../test/support/certificates.js';
import { http2Server } from '../test/support/http2-server.js';
import { FRAME, frame, uint32 } from '../test/support/raw-http2-server.js';
import { eachTransport, faultOf, originOf, until } from '../test/support/transports.js';

const REQUEST = { path: '/', headers: {}, body: '' };

eachTransport('connecting', (lines, engine) => {
  const { line, rawLine, transport, after } = lines();

  it('refuses a certificate of an unknown authority', async () => {
    const { server } = await line();
    const { ca } = await makeCertificates();
    const origins = [
      await originOf(server.url, { tls: { ca } }),
      await originOf(server.url, { tls: {} }),
    ];
    for (const origin of origins) {
      const fault = await faultOf(transport().request(origin, REQUEST));
      expect(fault).to.include({ fault: 'connect', mayHaveArrived: false });
      expect(fault.message).to.match(/certificate/);
    }
    expect(server.seen).to.have.length(0);
  });

  it('refuses a certificate for another host', async () => {
    const { cert, key, ca } = await makeCertificates({ hosts: ['other.example'] });
    const { send, server } = await line(undefined, {
      server: { cert, key },
      origin: { tls: { ca } },
    });
    const fault = await faultOf(send());
    expect(fault).to.include({ fault: 'connect', mayHaveArrived: false });
    expect(fault.cause).to.have.property('code', 'ERR_TLS_CERT_ALTNAME_INVALID');
    expect(server.seen).to.have.length(0);
  });

  it('presents a client certificate', async () => {
    const { ca, client } = await certificates();
    const { send } = await line(undefined, {
      server: { requestCert: true, rejectUnauthorized: true, ca },
      origin: { tls: { ca, ...client } },
    });
    expect(await send()).to.include({ status: 200 });
  });

  it('is sure that nothing arrived when its client certificate is refused', async () => {
    const { ca } = await certificates();
    const { send, server } = await line(undefined, {
      server: { requestCert: true, rejectUnauthorized: true, ca },
    });
    server.server.on('tlsClientError', () => undefined);
    expect(await faultOf(send())).to.include({ fault: 'connect', mayHaveArrived: false });
    expect(server.seen).to.have.length(0);
  });

  it('refuses TLS below 1.2', async () => {
    const { server } = await line(undefined, {
      server: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
    });
    server.server.on('tlsClientError', () => undefined);
    const fault = await faultOf(transport().request(await originOf(server.url), REQUEST));
    expect(fault).to.include({ fault: 'connect', mayHaveArrived: false });
    expect(fault.message).to.match(/protocol version/);
  });

  for (const [what, ALPNProtocols] of [
    ['offers only HTTP/1.1', ['http/1.1']],
    ['knows no ALPN', undefined],
  ] as const) {
    it(`says so when the peer ${what}`, async () => {
      const { cert, key } = await certificates();
      const options = ALPNProtocols
        ? { cert, key, ALPNProtocols: [...ALPNProtocols] }
        : { cert, key };
      const server = createTlsServer(options, (socket) => socket.on('error', () => undefined));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      after(async () => server.close());
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const fault = await faultOf(transport().request(await originOf(url), REQUEST));
      expect(fault).to.include({ fault: 'connect', mayHaveArrived: false });
      expect(fault.message).to.contain('does not speak HTTP/2');
    });
  }

  it('gives up on a peer that accepts and then says nothing', async () => {
    const { send } = await rawLine(undefined, {
      speaksFirst: false,
      transport: { connectTimeoutMs: 30 },
    });
    const fault = await faultOf(send());
    expect(fault).to.include({ fault: 'connect', mayHaveArrived: false });
    expect(fault.message).to.contain('longer than 30 ms');
  });

  it('gives up on a peer that says GOAWAY together with its SETTINGS', async () => {
    const { send } = await rawLine(
      ({ type }, socket) => {
        if (type !== FRAME.settings) return;
        const nothing = Buffer.concat([uint32(0), uint32(0)]);
        socket.end(
          Buffer.concat([frame(FRAME.settings, 0, 0), frame(FRAME.goaway, 0, 0, nothing)]),
        );
      },
      { speaksFirst: false },
    );
    const { fault, mayHaveArrived } = await faultOf(send());
    expect(fault).to.be.oneOf(['connect', 'refused']);
    expect(mayHaveArrived).to.equal(false);
  });

  it('gives up on a peer that accepts TCP and never shakes hands', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    after(async () => server.close());
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const made = transport({ connectTimeoutMs: 30 });
    const fault = await faultOf(made.request(await originOf(url), REQUEST));
    expect(fault).to.include({ fault: 'connect', mayHaveArrived: false });
  });

  it('fails all who wait when the peer cannot be reached', async () => {
    const origin = await originOf(await urlOfNobody());
    const made = transport();
    const waiting = Array.from({ length: 10 }, () => faultOf(made.request(origin, REQUEST)));
    for (const fault of await Promise.all(waiting)) {
      expect(fault).to.include({ fault: 'connect', mayHaveArrived: false });
      expect(fault.message).to.contain('ECONNREFUSED');
    }
  });

  it('does not try again during the pause that follows, and fails fast', async () => {
    const url = await urlOfNobody();
    const made = transport({ firstBackoffMs: 60_000, longestBackoffMs: 60_000 });
    const origin = await originOf(url);
    const first = await faultOf(made.request(origin, REQUEST));
    const hangUps = await countHangUps(Number(new URL(url).port));
    const second = await faultOf(made.request(origin, REQUEST));
    expect(second).to.include({ fault: 'connect', message: first.message, mayHaveArrived: false });
    expect(hangUps()).to.equal(0);
  });

  it('tries again by itself after the pause', async () => {
    const url = await urlOfNobody();
    const made = transport({ firstBackoffMs: 10 });
    const origin = await originOf(url);
    await faultOf(made.request(origin, REQUEST));
    const hangUps = await countHangUps(Number(new URL(url).port));
    await until(async () => {
      await faultOf(made.request(origin, REQUEST));
      return hangUps() > 0;
    });
  });

  const urlOfNobody = async (): Promise<string> => {
    const server = await http2Server();
    await server.close();
    return server.url;
  };

  /** Accepts connections on a given port, and hangs up on each. */
  const countHangUps = async (port: number): Promise<() => number> => {
    let count = 0;
    const server = createServer((socket) => {
      count += 1;
      socket.destroy();
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    after(async () => server.close());
    return () => count;
  };

  it('resumes the TLS session on the next connection', async () => {
    const { send, server, transport: made, origin } = await line();
    const resumed: boolean[] = [];
    server.server.on('secureConnection', (socket: TLSSocket) =>
      resumed.push(socket.isSessionReused()),
    );
    await send();
    made.renew(origin);
    await send();
    expect(resumed).to.deep.equal([false, true]);
  });

  it('ends with the process: neither open connections nor timers keep it alive', async () => {
    const { server } = await line();
    const { ca } = await certificates();
    const program = `
      import { makeTransport } from './transport/index.ts';
      const transport = makeTransport('${engine}', { allowPrivateEndpoints: true });
      const origin = { url: process.env.URL, credential: '', tls: { ca: process.env.CA } };
      transport.request(origin, { path: '/', headers: {}, body: '' })
        .then(({ status }) => process.stdout.write(String(status)));`;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', program],
      {
        cwd: new URL('..', import.meta.url),
        env: { ...process.env, URL: server.url, CA: ca },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    after(async () => child.kill());
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    const [code] = (await once(child, 'exit')) as [number];
    expect({ code, printed }).to.deep.equal({ code: 0, printed: '200' });
  });
});

eachTransport('connecting to a private address', (lines) => {
  const { line, transport } = lines();

  for (const host of ['127.0.0.1', 'localhost', '[::1]', '0x7f.1', '2130706433']) {
    it(`is forbidden by default: ${host}`, async () => {
      const { server } = await line();
      const origin = await originOf(`https://${host}:${server.port}`);
      const made = transport({ allowPrivateEndpoints: false });
      const fault = await faultOf(made.request(origin, REQUEST));
      expect(fault).to.include({ fault: 'forbidden', mayHaveArrived: false });
      expect(fault.message).to.contain('not allowed');
      expect(server.sessions).to.have.length(0);
    });
  }

  it('is possible when allowed, by name too', async () => {
    const { server, transport: made } = await line();
    const origin = await originOf(`https://localhost:${server.port}`);
    expect(await made.request(origin, REQUEST)).to.include({ status: 200 });
    expect(server.seen[0]?.headers[':authority']).to.equal(`localhost:${server.port}`);
  });
});
