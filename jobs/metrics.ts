/** What the way of a push tells Prometheus; docs/metrics.md explains each name. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';
import type { OutcomeKind } from '../adapters/adapter.js';
import type { Lane } from '../models/task.js';
import type { BreakerState } from './breaker-view.js';

/** What waits in one lane: batches whose time has come and that no process holds. */
export interface LaneDepth {
  lane: Lane;
  batches: number;
  devices: number;
  /** How long the oldest of them has been due; 0 when none is. */
  oldestDueSeconds: number;
}

export interface MetricsOptions {
  /** Asked once for each scrape. A rejection, or no answer in time, leaves the gauges out and is counted. */
  depth: () => Promise<readonly LaneDepth[]>;
  /** How long a scrape waits for `depth`. */
  depthTimeoutMs?: number;
}

export interface Metrics {
  /** Outcomes of attempts, as the adapter gave them. */
  pushed(vendor: string, outcome: OutcomeKind, devices?: number): void;
  /** From the task's acceptance, or its scheduled instant, to the first request of a batch; not of retries. */
  acceptToVendor(seconds: number): void;
  /** One `send` of an adapter. */
  vendorLatency(vendor: string, seconds: number): void;
  breaker(app: string, vendor: string, profile: string, state: BreakerState): void;
  /** What all processes together may send to a profile at present. */
  pace(app: string, vendor: string, profile: string, perSecond: number): void;
  /** A vendor said that we send too fast. */
  slowedDown(app: string, vendor: string, profile: string): void;
  /** Tokens that were marked `suspect`. */
  suspected(vendor: string, tokens?: number): void;
  /** The guard refused to forget a burst of gone tokens. */
  guardAlarm(app: string, vendor: string, profile: string): void;
}

const BREAKER_VALUE: Readonly<Record<BreakerState, number>> = {
  closed: 0,
  'half-open': 1,
  open: 2,
};
const DEFAULT_DEPTH_TIMEOUT_MS = 2_000;

/** Several gauges are read in one scrape: they share one question to the database. */
const shared = <T>(ask: () => Promise<T>): (() => Promise<T>) => {
  let running: Promise<T> | undefined;
  return () => {
    running ??= ask().finally(() => {
      running = undefined;
    });
    return running;
  };
};

const within = async <T>(timeoutMs: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('The queue could not be read in time')), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

const queueGauges = (registry: Registry, options: MetricsOptions): void => {
  const failures = new Counter({
    name: 'pigeonpost_queue_read_failures_total',
    help: 'Scrapes that could not read the queue',
    registers: [registry],
    async collect() {
      // A scrape shows its own failure.
      await read();
    },
  });
  const read = shared(async (): Promise<readonly LaneDepth[]> => {
    try {
      return await within(
        options.depthTimeoutMs ?? DEFAULT_DEPTH_TIMEOUT_MS,
        // Called inside a promise: a depth that throws at once is a failure like any other.
        Promise.resolve().then(options.depth),
      );
    } catch {
      // The other metrics matter most when the database is away, so the scrape goes on without these.
      failures.inc();
      return [];
    }
  });
  const gauge = (name: string, help: string, valueOf: (depth: LaneDepth) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['lane'],
      registers: [registry],
      async collect() {
        const depths = await read();
        this.reset();
        for (const depth of depths) this.set({ lane: depth.lane }, valueOf(depth));
      },
    });
  };
  gauge('pigeonpost_queue_batches', 'Due batches by lane', (depth) => depth.batches);
  gauge('pigeonpost_queue_devices', 'Devices in due batches by lane', (depth) => depth.devices);
  gauge(
    'pigeonpost_queue_oldest_due_seconds',
    'How long the oldest due batch of a lane has waited',
    (depth) => depth.oldestDueSeconds,
  );
};

/** Registers everything on `registry`; a registry takes it once. */
export const createMetrics = (registry: Registry, options: MetricsOptions): Metrics => {
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  queueGauges(registry, options);
  const pushes = new Counter({
    name: 'pigeonpost_pushes_total',
    help: 'Outcomes of attempts by vendor',
    labelNames: ['vendor', 'outcome'],
    registers,
  });
  const acceptToVendor = new Histogram({
    name: 'pigeonpost_accept_to_vendor_seconds',
    help: 'From the acceptance of a task to the first request of each of its batches',
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300],
    registers,
  });
  const vendorLatency = new Histogram({
    name: 'pigeonpost_vendor_latency_seconds',
    help: 'How long a vendor took over the devices of one send',
    labelNames: ['vendor'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const breaker = new Gauge({
    name: 'pigeonpost_breaker_state',
    help: '0 closed, 1 half-open, 2 open',
    labelNames: ['app', 'vendor', 'profile'],
    registers,
  });
  const pace = new Gauge({
    name: 'pigeonpost_pacing_rate',
    help: 'Devices a second that a paced profile may be sent at present',
    labelNames: ['app', 'vendor', 'profile'],
    registers,
  });
  const slowdowns = new Counter({
    name: 'pigeonpost_pacing_slowdowns_total',
    help: 'How often a rate was lowered because the vendor complained',
    labelNames: ['app', 'vendor', 'profile'],
    registers,
  });
  const suspected = new Counter({
    name: 'pigeonpost_tokens_suspected_total',
    help: 'Tokens that a vendor doubted and that were kept as suspect',
    labelNames: ['vendor'],
    registers,
  });
  const alarms = new Counter({
    name: 'pigeonpost_token_guard_alarms_total',
    help: 'Bursts of gone tokens that the guard did not believe',
    labelNames: ['app', 'vendor', 'profile'],
    registers,
  });

  /** Counted for every push: looking up the labels anew would cost more than counting. */
  const pushesOf = new Map<string, Counter.Internal>();
  const pushCounter = (vendor: string, outcome: OutcomeKind): Counter.Internal => {
    const key = `${vendor} ${outcome}`;
    const known = pushesOf.get(key);
    if (known != null) return known;
    const counter = pushes.labels(vendor, outcome);
    pushesOf.set(key, counter);
    return counter;
  };

  return {
    pushed: (vendor, outcome, devices = 1) => pushCounter(vendor, outcome).inc(devices),
    acceptToVendor: (seconds) => acceptToVendor.observe(seconds),
    vendorLatency: (vendor, seconds) => vendorLatency.observe({ vendor }, seconds),
    breaker: (app, vendor, profile, state) =>
      breaker.set({ app, vendor, profile }, BREAKER_VALUE[state]),
    pace: (app, vendor, profile, perSecond) => pace.set({ app, vendor, profile }, perSecond),
    slowedDown: (app, vendor, profile) => slowdowns.inc({ app, vendor, profile }),
    suspected: (vendor, tokens = 1) => suspected.inc({ vendor }, tokens),
    guardAlarm: (app, vendor, profile) => alarms.inc({ app, vendor, profile }),
  };
};
