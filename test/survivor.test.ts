/** Two gateway processes on one database: the work of one that is killed is finished by the other. */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { apiClient } from '../demo/api-client.js';
import { type Simulators, startSimulators } from '../simulators/index.js';
import { deliveredTo, makeFleet, receivedInAll, setUpFleet, taskEnded } from './support/fleet.js';
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.js';
import { testDatabase } from './support/mongo.js';
import { temporaryFolders } from './support/temporary-folder.js';
import { until } from './support/until.js';

const DEVICES = 4_000;
/** Lease and 5 s, and time to send the rest on a machine that others slow down. */
const TAKEOVER_MS = 120_000;

describe('two gateway processes on one database', function () {
  this.timeout(500_000);
  const database = testDatabase();
  const newFolder = temporaryFolders();
  const fleet = makeFleet(DEVICES, 'survivor');
  const processes: GatewayProcess[] = [];
  let simulators: Simulators;
  let bearer: string;

  const env = (role: string) => ({
    MONGODB_URI: database().uri,
    PIGEONPOST_MASTER_KEY: masterKey,
    PIGEONPOST_OPERATOR_KEY: operatorKey,
    PIGEONPOST_ROLE: role,
    HOST: '127.0.0.1',
  });
  const masterKey = randomBytes(32).toString('base64url');
  const operatorKey = `operator.${randomBytes(32).toString('base64url')}`;
  const startProcess = async (role: string): Promise<GatewayProcess> => {
    const started = await startGatewayProcess({ dataDir: await newFolder(), env: env(role) });
    processes.push(started);
    return started;
  };
  const send = (api: ReturnType<typeof apiClient>) =>
    api.post<{ id: string }>('/v1/tasks', {
      audience: { all: true },
      message: { title: 'Two of us', body: 'share the work' },
    });

  before(async () => {
    simulators = await startSimulators();
    const door = await startProcess('api');
    bearer = await setUpFleet(door.operator, door.url, simulators, fleet);
  });
  after(async () => {
    await Promise.all(processes.map((one) => one.kill('SIGTERM')));
    await simulators.close();
  });

  it('wakes a worker for a task that another process accepted', async () => {
    const [door] = processes;
    if (door == null) throw new Error('No process');
    const worker = await startProcess('worker');
    const api = apiClient(door.url, bearer);
    const { id } = await send(api);
    const task = await taskEnded(api, id, TAKEOVER_MS);
    expect(task.counts).to.include({ targeted: DEVICES, unknown: 0, failed: 0 });
    await worker.kill('SIGTERM');
  });

  it('finishes with the surviving worker what a killed one had begun', async () => {
    const [door] = processes;
    if (door == null) throw new Error('No process');
    const doomed = await startProcess('worker');
    const api = apiClient(door.url, bearer);
    const before = receivedInAll(simulators);
    const { id } = await send(api);
    await until('the first pushes have left', () => receivedInAll(simulators) > before + 500, {
      withinMs: 60_000,
      everyMs: 2,
    });
    const survivor = await startProcess('worker');
    await doomed.kill('SIGKILL');
    const task = await taskEnded(api, id, TAKEOVER_MS);
    const eligible = fleet.filter(({ consents }) => consents);
    expect(task.counts).to.include({ targeted: DEVICES, accepted: eligible.length, unknown: 0 });
    for (const device of eligible) {
      expect(deliveredTo(simulators, device), device.token).to.be.at.least(2);
    }
    await survivor.kill('SIGTERM');
  });
});
