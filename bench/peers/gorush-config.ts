/**
 * What gorush is told. It knows two hosts of Apple's and no other, so it reaches the sink by its own setting for a proxy:
 * ours takes every CONNECT to the sink, whose certificate bears Apple's names. Pure.
 */

export interface GorushPlace {
  /** Where it listens. */
  readonly port: number;
  readonly host: string;
  /** Of the proxy that leads to the sink. */
  readonly proxyUrl: string;
  /** A .p8 file. */
  readonly keyPath: string;
  /** Pushes at a time; its default is 100. */
  readonly pushesAtATime: number;
}

/** Its file, which is YAML; JSON is a part of that. */
export const gorushConfig = ({
  port,
  host,
  proxyUrl,
  keyPath,
  pushesAtATime,
}: GorushPlace): string =>
  JSON.stringify({
    core: {
      enabled: true,
      address: host,
      port: String(port),
      mode: 'release',
      // The answer waits for the pushes and tells which failed.
      sync: true,
      http_proxy: proxyUrl,
    },
    android: { enabled: false },
    huawei: { enabled: false },
    ios: {
      enabled: true,
      key_path: keyPath,
      key_type: 'p8',
      key_id: 'PIGEONKEY1',
      team_id: 'PIGEONTEAM',
      production: true,
      max_concurrent_pushes: pushesAtATime,
    },
    // A line for each push would be measured too.
    log: { access_level: 'error', error_level: 'error' },
    stat: { engine: 'memory' },
  });
