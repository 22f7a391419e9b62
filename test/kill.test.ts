/** `kill -9` in the middle of a task, then a restart on the same data; the vendors' own record is the witness. */
import { expect } from 'chai';
import mongoose from 'mongoose';
import { apiClient } from '../demo/api-client.js';
import { type Simulators, startSimulators } from '../simulators/index.js';
import {
  deliveredTo,
  type FleetDevice,
  makeFleet,
  receivedInAll,
  rowsOf,
  setUpFleet,
  taskEnded,
} from './support/fleet.js';
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.js';
import { temporaryFolders } from './support/temporary-folder.js';
import { until } from './support/until.js';

const DEVICES = 10_000;
/** In flight: four batches in the places of a lane and one that its pace has fetched, of a thousand devices at most. */
const MOST_UNSURE = 5_000;
const RECOVERY_MS = 150_000;
/** Enough has arrived for batches to be reported, and enough is still to come. */
const KILL_AFTER = 2_500;

describe('a gateway that is killed in the middle of a task', function () {
  this.timeout(600_000);
  const newFolder = temporaryFolders();
  const fleet = makeFleet(DEVICES, 'kill');
  let simulators: Simulators;
  let gateway: GatewayProcess;
  let dataDir: string;
  let bearer: string;

  before(async () => {
    simulators = await startSimulators();
    dataDir = await newFolder();
    gateway = await startGatewayProcess({ dataDir });
    bearer = await setUpFleet(gateway.operator, gateway.url, simulators, fleet);
  });
  after(async () => {
    await gateway.kill('SIGTERM');
    await simulators.close();
  });

  const resetWitnesses = (): void => {
    for (const simulator of [simulators.fcm, simulators.apns, simulators.harmony])
      simulator.reset();
  };

  /** Device id -> device, from the database: the API does not show tokens. */
  const devicesById = async (): Promise<Map<string, FleetDevice>> => {
    const byToken = new Map(fleet.map((device) => [device.token, device]));
    const uri = `mongodb://127.0.0.1:${gateway.mongoPort}/pigeonpost?directConnection=true`;
    const connection = await mongoose.createConnection(uri).asPromise();
    const stored = await connection.collection('devices').find().project({ token: 1 }).toArray();
    await connection.close();
    return new Map(
      stored.flatMap(({ _id, token }) => {
        const device = byToken.get(String(token));
        return device == null ? [] : [[String(_id), device] as const];
      }),
    );
  };

  const sendKillRestart = async (ifUnsure: 'resend' | 'leave') => {
    resetWitnesses();
    const { id } = await apiClient(gateway.url, bearer).post<{ id: string }>('/v1/tasks', {
      audience: { all: true },
      message: { title: 'Killed', body: 'in the middle' },
      ifUnsure,
    });
    await until('pushes arrive', () => receivedInAll(simulators) >= KILL_AFTER, {
      withinMs: 60_000,
      everyMs: 2,
    });
    await gateway.kill('SIGKILL');
    gateway = await startGatewayProcess({ dataDir });
    const task = await taskEnded(apiClient(gateway.url, bearer), id, RECOVERY_MS);
    const rows = await rowsOf(gateway.url, bearer, id);
    return { task, rows };
  };

  const expectBalanced = ({ task, rows }: Awaited<ReturnType<typeof sendKillRestart>>): void => {
    const { targeted, pending, ...states } = task.counts;
    expect(targeted).to.equal(DEVICES);
    expect(pending).to.equal(0);
    expect(Object.values(states).reduce((sum, count) => sum + count, 0)).to.equal(DEVICES);
    expect(rows).to.have.length(DEVICES);
    expect(new Set(rows.map(({ device }) => device)).size).to.equal(DEVICES);
  };

  it('pushes to nobody twice when the task says leave, and tells who is unsure', async () => {
    const sent = await sendKillRestart('leave');
    expectBalanced(sent);
    const byId = await devicesById();
    for (const { device, state } of sent.rows) {
      const known = byId.get(device);
      if (known == null) throw new Error(`No device ${device}`);
      const delivered = deliveredTo(simulators, known);
      expect(delivered, `${state} ${device}`).to.be.at.most(1);
      if (state === 'accepted') expect(delivered, device).to.equal(1);
      if (delivered === 1) expect(state, device).to.be.oneOf(['accepted', 'unknown']);
      if (!known.consents)
        expect({ state, delivered }).to.deep.equal({ state: 'suppressed', delivered: 0 });
    }
    expect(sent.task.counts['unknown']).to.be.greaterThan(0).and.at.most(MOST_UNSURE);
  });

  it('reaches every eligible device when the task says resend, and leaves nobody unsure', async () => {
    const sent = await sendKillRestart('resend');
    expectBalanced(sent);
    expect(sent.task.counts['unknown']).to.equal(0);
    for (const device of fleet) {
      const delivered = deliveredTo(simulators, device);
      if (device.consents) expect(delivered, device.token).to.be.at.least(1);
      else expect(delivered, device.token).to.equal(0);
      expect(simulators[device.vendor].countsOf(device.token).shown).to.be.at.most(1);
    }
    expect(sent.task.counts['accepted']).to.equal(fleet.filter(({ consents }) => consents).length);
  });

  it('ends by itself with 0 when it is told to stop', async () => {
    await gateway.kill('SIGTERM');
    expect(await gateway.exited).to.deep.equal({ code: 0, signal: null });
    gateway = await startGatewayProcess({ dataDir });
  });
});
