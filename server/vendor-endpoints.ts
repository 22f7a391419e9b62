/** Refuses vendor settings that would send requests, and credentials with them, into a private network. */
import {
  assertPublicHost,
  ForbiddenAddressError,
  guardedLookup,
} from '../transport/private-addresses.js';
import { problem } from './problems.js';

/** Any setting that is a URL with a host, whatever the vendor calls it. */
export const urlOf = (value: unknown): URL | undefined =>
  typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value)
    ? new URL(value)
    : undefined;

/** The settings that are URLs, by key. */
export const urlSettings = (settings: Readonly<Record<string, unknown>>): [string, URL][] =>
  Object.entries(settings).flatMap(([key, value]) => {
    const url = urlOf(value);
    return url == null ? [] : [[key, url] as [string, URL]];
  });

const isForbidden = async (host: string): Promise<boolean> => {
  try {
    assertPublicHost(host);
    await new Promise<void>((resolve, reject) => {
      guardedLookup()(host, { all: true }, (error) => (error == null ? resolve() : reject(error)));
    });
    return false;
  } catch (error) {
    // A name that does not resolve now is the probe's affair; the transport judges it again at every connection.
    return error instanceof ForbiddenAddressError;
  }
};

/** Throws ENDPOINT_FORBIDDEN, naming the settings. */
export const refusePrivateEndpoints = async (
  settings: Readonly<Record<string, unknown>>,
): Promise<void> => {
  const urls = urlSettings(settings);
  const forbidden = await Promise.all(urls.map(([, url]) => isForbidden(url.hostname)));
  const errors = urls
    .filter((_, index) => forbidden[index])
    .map(([field]) => ({ field, detail: 'Must be at a public address' }));
  if (errors.length > 0) throw problem('ENDPOINT_FORBIDDEN', { errors });
};
