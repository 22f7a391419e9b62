/** Who takes part in `transport`, in which shape of push, and in which versions. */
import { readFile } from 'node:fs/promises';

/**
 * `own` and `node` are our transport on either engine, `raw` is node:http2 with nothing around it; the others are what
 * people use today.
 */
export const CONTENDERS = ['own', 'node', 'raw', 'node-apn', 'firebase-admin', 'gorush'] as const;
export type Contender = (typeof CONTENDERS)[number];

/** `apns`: the token is in the path, the body is the same for all. `fcm`: the other way round, and the reply has a body. */
export const SHAPES = ['apns', 'fcm'] as const;
export type Shape = (typeof SHAPES)[number];

export const WORDS: Readonly<Record<Contender, string>> = {
  own: 'our engine',
  node: 'our transport over node:http2',
  raw: 'raw node:http2',
  'node-apn': '@parse/node-apn',
  'firebase-admin': 'firebase-admin',
  gorush: 'gorush',
};

const SHAPES_OF: Readonly<Record<Contender, readonly Shape[]>> = {
  own: SHAPES,
  node: SHAPES,
  raw: SHAPES,
  'node-apn': ['apns'],
  'firebase-admin': ['fcm'],
  gorush: ['apns'],
};

/** Those that speak this shape; gorush only where its binary was named. */
export const contendersOf = (shape: Shape, { gorush }: { gorush: boolean }): Contender[] =>
  CONTENDERS.filter(
    (contender) => SHAPES_OF[contender].includes(shape) && (contender !== 'gorush' || gorush),
  );

const PACKAGES = ['@parse/node-apn', 'firebase-admin'] as const;

/** `name version` of each peer that npm installs. */
export const peerVersions = (): Promise<string[]> =>
  Promise.all(
    PACKAGES.map(async (name) => {
      // By path: not every package lets its package.json be imported.
      const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
      const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string };
      return `${name} ${version}`;
    }),
  );
