/** Opens a tunnel through an HTTP CONNECT proxy. */
import { lookup } from 'node:dns/promises';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import type { Endpoint, Proxy } from './endpoint.js';
import { assertPublicHost, ForbiddenAddressError, isPublicAddress } from './private-addresses.js';

/**
 * The proxy resolves the name, so this can only judge a literal address and what the name means from here. A name that
 * is unknown here passes: networks that need a proxy often resolve nothing themselves. The proxy's own rules remain.
 */
const assertPublicAsFarAsKnown = async (host: string): Promise<void> => {
  assertPublicHost(host);
  const known = await lookup(host, { all: true }).catch(() => []);
  if (known.length > 0 && !known.some(({ address }) => isPublicAddress(address))) {
    throw new ForbiddenAddressError(host);
  }
};

/** Rejects with ForbiddenAddressError, a socket's error, or an Error that names the proxy's status. */
export const openTunnel = async (
  endpoint: Endpoint,
  proxy: Proxy,
  signal: AbortSignal,
): Promise<Socket> => {
  if (!endpoint.allowPrivate) await assertPublicAsFarAsKnown(endpoint.host);
  const target = `${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
  return new Promise((resolve, reject) => {
    const connect = request({
      method: 'CONNECT',
      host: proxy.host,
      port: proxy.port,
      path: target,
      headers: {
        host: target,
        ...(proxy.authorization ? { 'proxy-authorization': proxy.authorization } : {}),
      },
      agent: false,
      signal,
    });
    connect.on('error', reject);
    connect.once('connect', (response, socket: Socket, head) => {
      socket.on('error', reject);
      if (response.statusCode === 200) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      } else {
        socket.destroy();
        reject(new Error(`the proxy answered ${response.statusCode}`));
      }
    });
    connect.end();
  });
};
