import { expect } from 'chai';
import { Registry } from 'prom-client';
import { createMetrics, type MetricsOptions } from './metrics.js';

const measured = (options: Partial<MetricsOptions> = {}) => {
  const registry = new Registry();
  const metrics = createMetrics(registry, { depth: async () => [], ...options });
  return { metrics, text: () => registry.metrics() };
};

describe('metrics', () => {
  it('count outcomes by vendor, one device or many at a time', async () => {
    const { metrics, text } = measured();
    metrics.pushed('fcm', 'accepted', 500);
    metrics.pushed('fcm', 'accepted');
    metrics.pushed('apns', 'token-gone');
    expect(await text())
      .to.include('pigeonpost_pushes_total{vendor="fcm",outcome="accepted"} 501\n')
      .and.include('pigeonpost_pushes_total{vendor="apns",outcome="token-gone"} 1\n');
  });

  it('put latencies into buckets that tell 5 ms from 20 ms', async () => {
    const { metrics, text } = measured();
    metrics.acceptToVendor(0.004);
    metrics.acceptToVendor(0.018);
    metrics.vendorLatency('harmony', 0.3);
    expect(await text())
      .to.include('pigeonpost_accept_to_vendor_seconds_bucket{le="0.005"} 1\n')
      .and.include('pigeonpost_accept_to_vendor_seconds_bucket{le="0.02"} 2\n')
      .and.include('pigeonpost_vendor_latency_seconds_count{vendor="harmony"} 1\n');
  });

  it('show the last state of each breaker', async () => {
    const { metrics, text } = measured();
    metrics.breaker('shop', 'fcm', 'default', 'open');
    metrics.breaker('shop', 'fcm', 'default', 'half-open');
    metrics.breaker('shop', 'apns', 'debug', 'closed');
    expect(await text())
      .to.include('pigeonpost_breaker_state{app="shop",vendor="fcm",profile="default"} 1\n')
      .and.include('pigeonpost_breaker_state{app="shop",vendor="apns",profile="debug"} 0\n');
  });

  it('count suspected tokens and the alarms of the guard', async () => {
    const { metrics, text } = measured();
    metrics.suspected('apns', 3);
    metrics.guardAlarm('shop', 'apns', 'default');
    expect(await text())
      .to.include('pigeonpost_tokens_suspected_total{vendor="apns"} 3\n')
      .and.include(
        'pigeonpost_token_guard_alarms_total{app="shop",vendor="apns",profile="default"} 1\n',
      );
  });

  it('ask for the depth once a scrape, anew for each', async () => {
    let asked = 0;
    const { text } = measured({
      depth: async () => {
        asked += 1;
        return [{ lane: 'campaign', batches: asked, devices: 1000, oldestDueSeconds: 1.5 }];
      },
    });
    expect(await text())
      .to.include('pigeonpost_queue_batches{lane="campaign"} 1\n')
      .and.include('pigeonpost_queue_devices{lane="campaign"} 1000\n')
      .and.include('pigeonpost_queue_oldest_due_seconds{lane="campaign"} 1.5\n');
    expect(asked).to.equal(1);
    expect(await text()).to.include('pigeonpost_queue_batches{lane="campaign"} 2\n');
  });

  context('when the queue cannot be read', () => {
    const failures: [string, MetricsOptions['depth']][] = [
      ['rejects', () => Promise.reject(new Error('no database'))],
      [
        'throws',
        () => {
          throw new Error('not connected');
        },
      ],
      ['never answers', () => new Promise(() => {})],
    ];
    for (const [name, failing] of failures) {
      it(`still shows everything else when it ${name}, and shows no old depth`, async () => {
        let depth: MetricsOptions['depth'] = async () => [
          { lane: 'default', batches: 7, devices: 7, oldestDueSeconds: 7 },
        ];
        const { metrics, text } = measured({ depth: () => depth(), depthTimeoutMs: 20 });
        metrics.pushed('fcm', 'accepted');
        await text();
        depth = failing;
        const scraped = await text();
        expect(scraped).to.include('pigeonpost_pushes_total{vendor="fcm",outcome="accepted"} 1\n');
        expect(scraped).to.include('process_cpu_seconds_total');
        expect(scraped).not.to.include('lane="default"');
        expect(scraped).to.include('pigeonpost_queue_read_failures_total 1\n');
      });
    }
  });
});
