/** firebase-admin's way over HTTP/2, `sendEach`, with the sink in Google's place. */
import http2 from 'node:http2';
import { deleteApp, initializeApp } from 'firebase-admin/app';
import { getMessaging, type Message } from 'firebase-admin/messaging';
import { MESSAGE } from '../devices.js';
import type { PushClient, PushClientOptions } from '../push-clients.js';
import { FCM_ACCESS_TOKEN, FCM_PROJECT, tokenOf } from '../pushes.js';

/** The most that `sendEach` takes; it opens a connection for each call. */
const BATCH = 500;
const TOKEN_SECONDS = 3_600;

/**
 * The library knows no other host than Google's and takes no authority, but it asks node:http2 for its connections: in this
 * process alone, all of them lead to the sink. Its `:scheme` is `https:`, which Google overlooks and nginx refuses.
 */
const leadToSink = ({ url, ca }: PushClientOptions): void => {
  const { connect } = http2;
  http2.connect = ((_google: string, options: http2.SecureClientSessionOptions) => {
    const session = connect(url, { ...options, ca });
    const request = session.request.bind(session);
    session.request = (headers, ...others) => {
      // In place: a copy would be charged to the library.
      (headers as http2.OutgoingHttpHeaders)[':scheme'] = 'https';
      return request(headers, ...others);
    };
    return session;
  }) as typeof http2.connect;
};

const messageTo = (token: string): Message => ({
  token,
  notification: MESSAGE,
  android: { priority: 'high' },
});

export const openFirebaseAdmin = async (options: PushClientOptions): Promise<PushClient> => {
  leadToSink(options);
  const app = initializeApp({
    projectId: FCM_PROJECT,
    credential: {
      getAccessToken: async () => ({ access_token: FCM_ACCESS_TOKEN, expires_in: TOKEN_SECONDS }),
    },
  });
  const messaging = getMessaging(app);
  return {
    batch: BATCH,
    async push(from, count) {
      const messages = Array.from({ length: count }, (_, index) =>
        messageTo(tokenOf(options.shape, from + index)),
      );
      return (await messaging.sendEach(messages)).successCount;
    },
    close: () => deleteApp(app),
  };
};
