/** A task at a wall time over HTTP, to a device in every zone there is; the vendors' simulators are the witnesses, by the same clock. */
import { expect } from 'chai';
import { DateTime } from 'luxon';
import { loadVendors } from '../adapters/index.js';
import { apiClient } from '../demo/api-client.js';
import { vendorSettings } from '../demo/vendor-settings.js';
import { apnsToken, harmonyToken, type Simulators, startSimulators } from '../simulators/index.js';
import { http2Transport } from '../transport/http2/http2-transport.js';
import { startApi, type TestApi } from './support/api.js';
import { importDevices, type TaskShown, taskEnded } from './support/fleet.js';
import { renewingCache } from './support/renewing-cache.js';
import { until } from './support/until.js';
import { lookedFor, ZONES } from './support/zones.js';

const TOKEN_OF = { apns: apnsToken, harmony: harmonyToken } as const;
const VENDORS = ['apns', 'harmony'] as const;
const TTL_SECONDS = 3_600;
const SECOND_MS = 1_000;

interface Inhabitant {
  readonly vendor: (typeof VENDORS)[number];
  readonly token: string;
  readonly timeZone: string;
}

/** The next night in which Europe puts its clocks on, at a time that is left out there. */
const nextGap = (): string => {
  const today = DateTime.utc();
  const [sunday] = [today.year, today.year + 1]
    .map((year) => DateTime.utc(year, 4, 1).startOf('week').minus({ days: 1 }))
    .filter((day) => day > today.plus({ days: 2 }));
  return `${sunday!.toISODate()}T02:30`;
};

describe('a task at a wall time', function () {
  this.timeout(180_000);
  const localTime = nextGap();
  let nowMs = Date.now();
  const now = (): number => nowMs;
  let simulators: Simulators;
  let api: TestApi;

  const inhabitants = ZONES.map((timeZone, index): Inhabitant => {
    const vendor = VENDORS[index % VENDORS.length]!;
    return { vendor, token: TOKEN_OF[vendor](timeZone), timeZone };
  });

  const dueOf = new Map<string, number>();

  before('look for it on every wall', () => {
    for (const zone of ZONES) dueOf.set(zone, lookedFor(zone, localTime));
  });
  before('register a device in every zone', async function () {
    this.timeout(300_000);
    const ofAll = { now };
    simulators = await startSimulators({ fcm: ofAll, apns: ofAll, harmony: ofAll });
    api = await startApi({
      role: 'all',
      vendors: loadVendors(),
      adapters: {
        transport: http2Transport({ allowPrivateEndpoints: true }),
        credentials: renewingCache(now),
        now,
      },
      timings: { sweepMs: 100 },
    });
    const settings = vendorSettings(simulators);
    for (const vendor of VENDORS) {
      const body = settings[vendor];
      const stored = await api.request('PUT', `/v1/apps/shop/vendors/${vendor}`, { body });
      expect(stored.status, stored.text).to.equal(200);
      // Settings are tried out when they are stored.
      simulators[vendor].reset();
    }
    await importDevices(
      apiClient(api.url, api.app.key),
      inhabitants.map((one) => ({ ...one, consent: { push: 'granted' } })),
    );
  });
  after(async () => {
    await api.close();
    await simulators.close();
  });

  const delivered = (): number =>
    VENDORS.reduce((sum, vendor) => sum + simulators[vendor].counts().delivered, 0);
  const shown = async (id: string): Promise<TaskShown & { timings: Record<string, string> }> =>
    (await api.request('GET', `/v1/tasks/${id}`)).body;

  it('reaches each device in every zone once, when the clock on its own wall says so', async () => {
    const created = await api.request('POST', '/v1/tasks', {
      body: {
        audience: { all: true },
        message: { title: 'Good morning', body: 'Have you slept well?' },
        schedule: { localTime },
        ttlSeconds: TTL_SECONDS,
      },
    });
    expect(created.status, created.text).to.equal(202);
    expect(created.body.state).to.equal('scheduled');
    const { id } = created.body as { id: string };

    const instants = [...new Set(dueOf.values())].sort((one, other) => one - other);
    nowMs = Date.parse((await shown(id)).timings.scheduledAt!);
    await until('it is planned', async () => (await shown(id)).timings.plannedAt != null);
    const { timings, counts } = await shown(id);
    expect(counts).to.include({ targeted: ZONES.length, pending: ZONES.length });
    expect(Date.parse(timings.firstDueAt!)).to.equal(instants[0]);
    expect(Date.parse(timings.lastDueAt!)).to.equal(instants.at(-1));

    expect(instants.length).to.be.greaterThan(30);
    for (const instant of instants) {
      nowMs = instant;
      const due = [...dueOf.values()].filter((ms) => ms <= instant).length;
      await until(`${due} have got it`, () => Promise.resolve(delivered() >= due), {
        withinMs: 20_000,
      });
    }
    const task = await taskEnded(apiClient(api.url, api.app.key), id, 20_000);
    expect(task.counts).to.include({ targeted: ZONES.length, accepted: ZONES.length });
    for (const { vendor, token, timeZone } of inhabitants) {
      expect(simulators[vendor].countsOf(token).delivered, timeZone).to.equal(1);
      const [push] = simulators[vendor].received(token);
      expect(Date.parse(push!.at), timeZone).to.equal(dueOf.get(timeZone));
      if (vendor !== 'apns') continue;
      // How long the vendor may keep it counts from then, too.
      const untilMs = Number(push!.request?.headers['apns-expiration']) * SECOND_MS;
      expect(untilMs - (dueOf.get(timeZone) ?? 0), timeZone).to.be.within(
        (TTL_SECONDS - 2) * SECOND_MS,
        TTL_SECONDS * SECOND_MS,
      );
    }
    // Where the wall time is left out, when the clocks are put on.
    const wall = DateTime.fromMillis(dueOf.get('Europe/Berlin')!, { zone: 'Europe/Berlin' });
    expect(wall.toFormat('HH:mm')).to.equal('03:00');
  });
});
