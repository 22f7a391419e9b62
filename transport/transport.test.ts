import { expect } from 'chai';
import { eachTransport, faultOf, originOf } from '../test/support/transports.js';
import { headerOf, type TransportRequest } from './transport.js';

eachTransport('a transport', (lines) => {
  const { line } = lines();

  it('posts path, headers and body, and returns status, headers and body', async () => {
    const { send, server } = await line(({ stream }) => {
      stream.respond({ ':status': 201, 'x-id': 'abc', 'set-cookie': ['a=1', 'b=2'] });
      stream.write('in two ');
      stream.end('parts');
    });
    const reply = await send({
      path: '/3/device/ab',
      headers: { 'x-topic': 'app' },
      body: 'hällo',
    });
    expect(reply.status).to.equal(201);
    expect(reply.headers).to.include({ 'x-id': 'abc', 'set-cookie': 'a=1, b=2' });
    expect(reply.headers).not.to.have.property(':status');
    expect(headerOf(reply, 'x-id')).to.equal('abc');
    expect(headerOf(reply, 'set-cookie')).to.equal('a=1, b=2');
    for (const name of [':status', 'x-other']) expect(headerOf(reply, name)).to.equal(undefined);
    expect(reply.body.toString()).to.equal('in two parts');
    expect(server.seen[0]?.body).to.equal('hällo');
    expect(server.seen[0]?.headers).to.include({
      ':method': 'POST',
      ':path': '/3/device/ab',
      ':scheme': 'https',
      ':authority': `127.0.0.1:${server.port}`,
      'x-topic': 'app',
      'content-length': '6',
    });
  });

  it('sends a Buffer as it is and returns an empty body as an empty Buffer', async () => {
    const { send, server } = await line(({ stream }) => {
      stream.respond({ ':status': 200 }, { endStream: true });
    });
    expect((await send({ body: Buffer.from('bytes') })).body).to.have.length(0);
    expect(server.seen[0]?.body).to.equal('bytes');
  });

  it('passes an error status on as a reply', async () => {
    const { send } = await line(({ stream }) => {
      stream.respond({ ':status': 503, 'retry-after': '7' });
      stream.end('busy');
    });
    expect(await send()).to.deep.include({ status: 503 });
  });

  it('opens one connection for concurrent first requests, and keeps it', async () => {
    const { send, server } = await line();
    await Promise.all(Array.from({ length: 20 }, () => send()));
    await send();
    expect(server.sessions).to.have.length(1);
    expect(server.seen).to.have.length(21);
  });

  it('shares a connection between equal origins, and not when any field differs', async () => {
    const { transport, origin, server } = await line();
    const request = { path: '/', headers: {}, body: '' };
    const tls = { ca: String(origin.tls?.ca) };
    await transport.request(origin, request);
    await transport.request({ ...origin, tls }, request);
    expect(server.sessions).to.have.length(1);
    await transport.request({ ...origin, credential: 'other' }, request);
    await transport.request({ ...origin, tls: { ca: `${tls.ca}\n` } }, request);
    await transport.request(
      { ...origin, url: origin.url.replace('127.0.0.1', 'localhost') },
      request,
    );
    expect(server.sessions).to.have.length(4);
  });

  it('refuses what HTTP/2 cannot carry, without hurting the connection', async () => {
    const { send, server } = await line();
    const invalid: Partial<TransportRequest>[] = [
      { headers: { 'Upper-Case': 'x' } },
      { headers: { 'bad name': 'x' } },
      { headers: { ':path': '/other' } },
      { headers: { host: 'other.example' } },
      { headers: { 'content-length': '1' } },
      { headers: { connection: 'close' } },
      { headers: { 'x-topic': 'one\r\ntwo' } },
      { headers: { 'x-topic': 'nul\0' } },
      { headers: { 'x-big': 'x'.repeat(40_000) } },
      { path: 'no-slash' },
      { path: '/a b' },
    ];
    const replies = [send(), ...invalid.map((request) => send(request)), send()];
    const settled = await Promise.allSettled(replies);
    expect(settled.map(({ status }) => status)).to.deep.equal([
      'fulfilled',
      ...invalid.map(() => 'rejected'),
      'fulfilled',
    ]);
    const fault = await faultOf(send(invalid[6]));
    expect(fault).to.include({ fault: 'invalid', mayHaveArrived: false });
    expect(fault.message).to.contain('x-topic').and.not.to.contain('one');
    expect(server.sessions).to.have.length(1);
    expect(server.seen).to.have.length(2);
  });

  it('refuses an origin that is not an https URL, or whose key is unusable', async () => {
    const { transport } = await line();
    const request = { path: '/', headers: {}, body: '' };
    const faults = [
      await originOf('http://127.0.0.1:1'),
      await originOf('not a url'),
      await originOf('https://127.0.0.1:1', { tls: { cert: 'x', key: 'y' } }),
      await originOf('https://127.0.0.1:1', { proxy: 'socks://127.0.0.1:1' }),
    ].map((origin) => faultOf(transport.request(origin, request)));
    for (const fault of await Promise.all(faults)) {
      expect(fault).to.include({ fault: 'connect', mayHaveArrived: false });
    }
  });

  it('answers each of 10,000 requests once, with its own answer', async () => {
    const { send, server } = await line(undefined, {
      server: { settings: { maxConcurrentStreams: 100 } },
      transport: { timeoutMs: 60_000, connectionsPerOrigin: 1 },
    });
    const answers = await Promise.all(
      Array.from({ length: 10_000 }, async (_, i) =>
        (await send({ body: `n${i}` })).body.toString(),
      ),
    );
    expect(answers.every((body, i) => body === `n${i}`)).to.equal(true);
    expect(new Set(server.seen.map(({ body }) => body)).size).to.equal(10_000);
    expect(server.seen).to.have.length(10_000);
    expect(server.open.most).to.be.at.most(100);
    expect(server.sessions).to.have.length(1);
  }).timeout(60_000);
});
