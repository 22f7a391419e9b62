/** The embedded mongod of a gateway dies: the gateway says so and ends, for whoever supervises it to start it again. */
import { expect } from 'chai';
import { mongo } from 'mongoose';
import { apiClient } from '../../demo/api-client.js';
import { type Simulators, startSimulators } from '../../simulators/index.js';
import { deliveredTo, makeFleet, setUpFleet, taskEnded } from '../support/fleet.js';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { temporaryFolders } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

const WITHIN_MS = 120_000;

describe('a gateway whose embedded mongod is killed', function () {
  this.timeout(WITHIN_MS);
  const newFolder = temporaryFolders();
  const fleet = makeFleet(30, 'embedded');
  let simulators: Simulators;
  let gateway: GatewayProcess;

  before(async () => {
    simulators = await startSimulators();
  });
  after(async () => {
    await gateway.kill('SIGTERM');
    await simulators.close();
  });

  const killMongod = async ({ mongoPort }: GatewayProcess): Promise<void> => {
    const client = new mongo.MongoClient(`mongodb://127.0.0.1:${mongoPort}/?directConnection=true`);
    const { pid } = await client.db('admin').command({ serverStatus: 1 });
    process.kill(Number(pid), 'SIGKILL');
    await client.close();
  };

  it('says why, ends with 1, and goes on with what it had accepted once it is started again', async () => {
    const dataDir = await newFolder();
    gateway = await startGatewayProcess({ dataDir });
    const bearer = await setUpFleet(gateway.operator, gateway.url, simulators, fleet);
    for (const vendor of ['fcm', 'apns', 'harmony'] as const) {
      simulators[vendor].fault({ kind: 'silent', delivered: true });
    }
    const { id } = await apiClient(gateway.url, bearer).post<{ id: string }>('/v1/tasks', {
      audience: { all: true },
      message: { title: 'Without a database', body: 'nothing is lost' },
    });
    await until('pushes are on their way', () => simulators.fcm.counts().received > 0);
    await killMongod(gateway);
    expect(await gateway.exited).to.deep.equal({ code: 1, signal: null });
    expect(gateway.output()).to.include('MongoDB has ended by itself');
    expect(gateway.output()).to.match(
      /"message":"Stopping","why":"The embedded MongoDB ended with/,
    );
    expect(gateway.output()).not.to.include('UnhandledPromiseRejection');

    for (const vendor of ['fcm', 'apns', 'harmony'] as const) {
      await fetch(`${simulators[vendor].adminUrl}/faults`, { method: 'DELETE' });
    }
    gateway = await startGatewayProcess({ dataDir });
    const { counts } = await taskEnded(apiClient(gateway.url, bearer), id, WITHIN_MS);
    const eligible = fleet.filter(({ consents }) => consents);
    expect(counts).to.include({ targeted: fleet.length, accepted: eligible.length, unknown: 0 });
    for (const device of eligible) expect(deliveredTo(simulators, device)).to.be.at.least(1);
  });
});
