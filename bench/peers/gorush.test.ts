import { expect } from 'chai';
import { acceptedOf } from './gorush-client.js';
import { gorushConfig } from './gorush-config.js';

interface Written {
  core: Record<string, unknown>;
  ios: Record<string, unknown>;
}

describe('gorush as a peer', () => {
  const config = JSON.parse(
    gorushConfig({
      port: 8_088,
      host: '127.0.0.1',
      proxyUrl: 'http://127.0.0.1:3128',
      keyPath: '/folder/key.p8',
      pushesAtATime: 500,
    }),
  ) as Written;

  it('listens on loopback, waits for its pushes and goes through the proxy', () => {
    expect(config.core).to.include({
      address: '127.0.0.1',
      port: '8088',
      sync: true,
      http_proxy: 'http://127.0.0.1:3128',
    });
  });

  it('pushes to Apple with a key, as many at a time as the others', () => {
    expect(config.ios).to.include({
      enabled: true,
      key_path: '/folder/key.p8',
      key_type: 'p8',
      max_concurrent_pushes: 500,
    });
  });

  it('counts what it was given, without what it says has failed', () => {
    expect(acceptedOf({ success: 'ok', counts: 100, logs: [] })).to.equal(100);
    expect(acceptedOf({ success: 'ok', counts: 100, logs: null })).to.equal(100);
    expect(acceptedOf({ success: 'ok', counts: 100, logs: [{ type: 'failed-push' }] })).to.equal(
      99,
    );
    expect(acceptedOf({})).to.equal(0);
  });
});
