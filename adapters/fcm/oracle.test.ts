// firebase-admin as a witness: for the same message and the same service account it sends what we send.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { type App, type Credential, cert, deleteApp, initializeApp } from 'firebase-admin/app';
import { type Message as FirebaseMessage, getMessaging } from 'firebase-admin/messaging';
import Joi from 'joi';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { generate } from 'selfsigned';
import { fakeNetwork } from '../../test/support/fake-network.js';
import type { Message } from '../adapter.js';
import { json, messageOf, SAMPLED_AT_MS } from '../vendor-samples.js';
import { googleAuthorizer } from './authorize.js';
import { compose } from './compose.js';
import { example, token } from './example.js';
import { settings as schema } from './settings.js';

const settings = Joi.attempt({ ...example.settings(), channels: { chat: 'im' } }, schema);

interface Recorded {
  readonly host: string | undefined;
  readonly path: string | undefined;
  readonly body: string;
}

/** Google as firebase-admin sees it: every host of it is one server on loopback. */
const loopbackGoogle = async () => {
  const recorded: Recorded[] = [];
  const { private: key, cert: certificate } = await generate([
    { name: 'commonName', value: 'googleapis.com' },
  ]);
  const server: Server = createServer({ key, cert: certificate }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      recorded.push({ host: request.headers.host, path: request.url, body });
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify(
          request.url === '/token'
            ? { access_token: 'ya29.made-up', expires_in: 3600, token_type: 'Bearer' }
            : { name: 'projects/parcels-1234/messages/1' },
        ),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent();
  agent.createConnection = () => connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  const close = async () => {
    agent.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { agent, recorded, close };
};

type Google = Awaited<ReturnType<typeof loopbackGoogle>>;

describe('fcm and firebase-admin', () => {
  let google: Google;
  let folder: string;
  const apps: App[] = [];

  before(async () => {
    google = await loopbackGoogle();
    folder = await mkdtemp(join(tmpdir(), 'pigeonpost-fcm-'));
  });
  after(async () => {
    await Promise.all(apps.map((app) => deleteApp(app)));
    await google.close();
    await rm(folder, { recursive: true });
  });

  const appWith = (credential: Credential): App => {
    const options = { credential, projectId: 'parcels-1234', httpAgent: google.agent };
    const app = initializeApp(options, `oracle-${apps.length}`);
    apps.push(app);
    return app;
  };

  /** What firebase-admin posts for a message in its own words. */
  const theirs = async (message: FirebaseMessage): Promise<Recorded> => {
    const app = appWith({
      getAccessToken: async () => ({ access_token: 'ya29.made-up', expires_in: 3600 }),
    });
    google.recorded.length = 0;
    await getMessaging(app).send(message);
    return google.recorded[0]!;
  };

  const ours = (message: Partial<Message>) => {
    const requestFor = compose(messageOf(message), settings, SAMPLED_AT_MS);
    return requestFor([{ token }]);
  };

  const seconds = (after: number): string => String(SAMPLED_AT_MS / 1000 + after);

  const rows: { name: string; message: Partial<Message>; inTheirWords: FirebaseMessage }[] = [
    {
      name: 'a notification with everything',
      message: {
        data: { order: '7' },
        image: 'https://img.test/box.png',
        url: 'https://shop.test/7',
        badge: 3,
        sound: 'ping',
        collapseKey: 'order-7',
        purpose: 'chat',
        overrides: {
          android: {
            direct_boot_ok: true,
            notification: {
              click_action: 'OPEN',
              color: '#00ff00',
              notification_priority: 'PRIORITY_MAX',
              visibility: 'SECRET',
              vibrate_timings: ['0.500000000s', '1s'],
              event_time: '2026-01-01T00:00:00.000Z',
            },
          },
          fcm_options: { analytics_label: 'spring' },
        },
      },
      inTheirWords: {
        token,
        notification: {
          title: 'Your parcel is here',
          body: 'Pick it up until Friday',
          imageUrl: 'https://img.test/box.png',
        },
        data: { pigeonpost_url: 'https://shop.test/7', order: '7' },
        android: {
          priority: 'high',
          ttl: 3_600_000,
          collapseKey: 'order-7',
          directBootOk: true,
          notification: {
            tag: 'order-7',
            channelId: 'im',
            sound: 'ping',
            notificationCount: 3,
            clickAction: 'OPEN',
            color: '#00ff00',
            priority: 'max',
            visibility: 'secret',
            vibrateTimingsMillis: [500, 1000],
            eventTimestamp: new Date(SAMPLED_AT_MS),
          },
        },
        apns: {
          headers: {
            'apns-priority': '10',
            'apns-push-type': 'alert',
            'apns-expiration': seconds(3600),
            'apns-collapse-id': 'order-7',
          },
          payload: { aps: { badge: 3, sound: 'ping', mutableContent: true } },
          fcmOptions: { imageUrl: 'https://img.test/box.png' },
        },
        webpush: {
          headers: { TTL: '3600', Urgency: 'high' },
          fcmOptions: { link: 'https://shop.test/7' },
        },
        fcmOptions: { analyticsLabel: 'spring' },
      },
    },
    {
      name: 'a background message',
      message: { silent: true, data: { sync: 'orders' }, priority: 'normal' },
      inTheirWords: {
        token,
        data: { pigeonpost_task: messageOf().taskId, sync: 'orders' },
        android: { priority: 'normal', ttl: 3_600_000 },
        apns: {
          headers: {
            'apns-priority': '5',
            'apns-push-type': 'background',
            'apns-expiration': seconds(3600),
            'apns-collapse-id': messageOf().dedupeId,
          },
          payload: { aps: { contentAvailable: true } },
        },
        webpush: { headers: { TTL: '3600', Urgency: 'normal' } },
      },
    },
  ];

  const snakeCase = (key: string): string =>
    key.replace(/[a-z][A-Z]/g, ([small, capital]) => `${small}_${capital!.toLowerCase()}`);

  /** FCM takes names in camel case and `priority` in lower case as well, and firebase-admin mixes them. */
  const inOneSpelling = (body: string): Record<string, unknown> =>
    JSON.parse(body, (key, value: unknown) => {
      if (key === 'priority' && typeof value === 'string') return value.toUpperCase();
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
      return Object.fromEntries(
        Object.entries(value).map(([name, member]) => [snakeCase(name), member as unknown]),
      );
    }) as Record<string, unknown>;

  for (const { name, message, inTheirWords } of rows) {
    it(`sends the same request for ${name}`, async () => {
      const request = ours(message);
      const witness = await theirs(inTheirWords);
      expect(`https://${witness.host}`).to.equal(settings.endpoint);
      expect(request.path).to.equal(witness.path);
      const { validate_only: _dryRun, ...said } = inOneSpelling(witness.body);
      expect(JSON.parse(String(request.body))).to.deep.equal(said);
    });
  }

  it('proves the same service account in the same way', async () => {
    const file = join(folder, 'service-account.json');
    await writeFile(file, JSON.stringify(example.settings().serviceAccount), { mode: 0o600 });
    google.recorded.length = 0;
    // Only a path keeps the agent: `cert` of an object drops it.
    await cert(file, google.agent).getAccessToken();
    const { transport, pushes } = fakeNetwork(async () =>
      json(200, { access_token: 'a', expires_in: 3600 }),
    );
    await googleAuthorizer(settings, {}, { transport, now: () => SAMPLED_AT_MS }).headers();

    const theirForm = new URLSearchParams(google.recorded[0]?.body);
    const ourForm = new URLSearchParams(String(pushes[0]?.body));
    expect(ourForm.get('grant_type')).to.equal(theirForm.get('grant_type'));
    const [their, our] = [theirForm, ourForm].map((form) => form.get('assertion') ?? '');
    expect(decodeProtectedHeader(our!)).to.deep.equal(decodeProtectedHeader(their!));
    const { scope: theirScope, iat: theirIat, exp: theirExp, ...theirClaims } = decodeJwt(their!);
    const { scope: ourScope, iat: ourIat, exp: ourExp, ...ourClaims } = decodeJwt(our!);
    expect(ourClaims).to.deep.equal(theirClaims);
    expect(ourExp! - ourIat!).to.equal(theirExp! - theirIat!);
    // We ask for less than they do.
    expect(String(theirScope).split(' ')).to.include(ourScope);
  });
});
