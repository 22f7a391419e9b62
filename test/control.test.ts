/** Pause, resume and cancel through one process while another one sends; the vendors' own record is the witness. */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { type Api, apiClient } from '../demo/api-client.js';
import { type Simulators, startSimulators } from '../simulators/index.js';
import {
  deliveredTo,
  type FleetDevice,
  makeFleet,
  receivedInAll,
  rowsOf,
  setUpFleet,
  type TaskShown,
  taskEnded,
} from './support/fleet.js';
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.js';
import { testDatabase } from './support/mongo.js';
import { temporaryFolders } from './support/temporary-folder.js';
import { until } from './support/until.js';

/** Two batches for each vendor, sent one after the other by a worker that takes one at a time. */
const DEVICES = 3_600;
const SLOW_MS = 1_500;
/** Enough to see that it is being sent, while most is still to come. */
const SOME = 100;
/**
 * So long after the answer no further byte leaves: a second is promised, and a machine may be busy with other things. What is
 * not told to stop goes on for nine.
 */
const QUIET_AFTER_MS = 2_000;
/** A machine may be busy with other things. */
const LONG_MS = 120_000;

describe('control of a task that another process sends', function () {
  this.timeout(600_000);
  const database = testDatabase();
  const newFolder = temporaryFolders();
  const fleet = makeFleet(DEVICES, 'control');
  const eligible = fleet.filter(({ consents }) => consents);
  let simulators: Simulators;
  const processes: GatewayProcess[] = [];
  let door: GatewayProcess;
  let bearer: string;
  let api: Api;

  before(async () => {
    simulators = await startSimulators();
    const env = {
      MONGODB_URI: database().uri,
      PIGEONPOST_MASTER_KEY: randomBytes(32).toString('base64url'),
      PIGEONPOST_OPERATOR_KEY: `operator.${randomBytes(32).toString('base64url')}`,
      PIGEONPOST_BATCHES_IN_FLIGHT: '1',
      HOST: '127.0.0.1',
    };
    for (const role of ['api', 'worker']) {
      const own = { ...env, PIGEONPOST_ROLE: role };
      processes.push(await startGatewayProcess({ dataDir: await newFolder(), env: own }));
    }
    [door] = processes as [GatewayProcess];
    bearer = await setUpFleet(door.operator, door.url, simulators, fleet);
    api = apiClient(door.url, bearer);
  });
  after(async () => {
    await Promise.all(processes.map((one) => one.kill('SIGTERM')));
    await simulators.close();
  });
  beforeEach(() => {
    for (const simulator of [simulators.fcm, simulators.apns, simulators.harmony]) {
      simulator.reset();
      simulator.fault({ kind: 'slow', delayMs: SLOW_MS });
    }
  });

  const answerFast = (): void => {
    for (const { adminUrl } of [simulators.fcm, simulators.apns, simulators.harmony]) {
      void fetch(`${adminUrl}/faults`, { method: 'DELETE' });
    }
  };
  const arrivals = (): number[] =>
    [simulators.fcm, simulators.apns, simulators.harmony].flatMap((simulator) =>
      simulator.received().map(({ at }) => Date.parse(at)),
    );
  const show = (id: string) => api.get<TaskShown>(`/v1/tasks/${id}`);
  const start = async (ifUnsure: 'resend' | 'leave'): Promise<string> => {
    const { id } = await api.post<{ id: string }>('/v1/tasks', {
      audience: { all: true },
      message: { title: 'Stop', body: 'when told' },
      ifUnsure,
    });
    await until('it is being sent', () => receivedInAll(simulators) > SOME, {
      withinMs: LONG_MS,
      everyMs: 2,
    });
    return id;
  };
  /** Tells the task to stop, and holds what arrives afterwards against the promise. */
  const tell = async (id: string, verb: 'pause' | 'cancel'): Promise<number> => {
    const { state } = await api.post<TaskShown>(`/v1/tasks/${id}/${verb}`, {});
    const answeredAt = Date.now();
    expect(state).to.equal(verb === 'pause' ? 'paused' : 'cancelled');
    expect(arrivals().length, 'much is still to be sent').to.be.below(eligible.length / 2);
    return answeredAt;
  };
  const expectQuiet = (answeredAt: number): void => {
    const late = arrivals().filter((at) => at > answeredAt + QUIET_AFTER_MS);
    expect(late.map((at) => at - answeredAt)).to.deep.equal([]);
  };
  const expectBalanced = ({ counts }: TaskShown): void => {
    const { targeted, ...states } = counts;
    expect(Object.values(states).reduce((sum, count) => sum + count, 0)).to.equal(targeted);
  };

  it('sends no further byte of a paused task after a second, and the rest of it when it goes on', async () => {
    const id = await start('resend');
    const answeredAt = await tell(id, 'pause');
    const paused = await show(id);
    expectBalanced(paused);
    await until(
      'it has rested for longer than its retries wait',
      () => Date.now() > answeredAt + 4_000,
    );
    expectQuiet(answeredAt);
    const rested = await show(id);
    expect(rested.state).to.equal('paused');
    expect(rested.counts['pending']).to.be.above(DEVICES / 4);
    expectBalanced(rested);

    answerFast();
    expect((await api.post<TaskShown>(`/v1/tasks/${id}/resume`, {})).state).to.equal('sending');
    const ended = await taskEnded(api, id, LONG_MS);
    expect(ended.counts).to.include({ targeted: DEVICES, accepted: eligible.length, unknown: 0 });
    for (const device of eligible) {
      const { delivered, shown } = simulators[device.vendor].countsOf(device.token);
      expect(delivered, device.token).to.be.at.least(1);
      expect(shown, device.token).to.equal(1);
    }
  });

  it('sends no further byte of a cancelled task after a second, and its rows tell the truth', async () => {
    const id = await start('leave');
    const answeredAt = await tell(id, 'cancel');
    await until(
      'nothing is pending',
      async () => {
        const task = await show(id);
        expectBalanced(task);
        expect(task).to.have.nested.property('counts.targeted', DEVICES);
        return task.counts['pending'] === 0;
      },
      { withinMs: LONG_MS, everyMs: 50 },
    );
    await until('it could have been tried again', () => Date.now() > answeredAt + 4_000);
    expectQuiet(answeredAt);
    const { counts } = await show(id);
    expect(counts['cancelled']).to.be.above(DEVICES / 4);
    const byId = await devicesById();
    const rows = await rowsOf(door.url, bearer, id);
    expect(rows).to.have.lengthOf(DEVICES);
    for (const { device, state } of rows) {
      const known = byId.get(device);
      if (known == null) throw new Error(`No device ${device}`);
      const delivered = deliveredTo(simulators, known);
      if (state === 'accepted') expect(delivered, device).to.equal(1);
      else if (state === 'unknown') expect(delivered, device).to.be.at.most(1);
      else expect({ state, delivered }).to.have.property('delivered', 0);
    }
  });

  /** Device id -> device, from the database: the API does not show tokens. */
  const devicesById = async (): Promise<Map<string, FleetDevice>> => {
    const byToken = new Map(fleet.map((device) => [device.token, device]));
    const stored = await database()
      .connection.collection('devices')
      .find()
      .project({ token: 1 })
      .toArray();
    return new Map(
      stored.flatMap(({ _id, token }) => {
        const device = byToken.get(String(token));
        return device == null ? [] : [[String(_id), device] as const];
      }),
    );
  };
});
