import { expect } from 'chai';
import { LANES, type Lane } from '../models/task.js';
import { until } from '../test/support/until.js';
import { createCalls } from './calls.js';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe('calls for other workers', () => {
  const callsOf = (lanes: readonly Lane[], busy: readonly (Lane | 'plan')[] = []) => {
    const saved: string[] = [];
    const save = async (name: string, slot: number): Promise<void> => {
      saved.push(`${name} ${slot}`);
    };
    return { saved, calls: createCalls({ lanes, log }, { busy: () => [...busy] }, save) };
  };
  const jobsOf = (lane: Lane): string[] => [
    ...[0, 1].map((slot) => `plan ${lane} ${slot}`),
    ...[0, 1, 2, 3].map((slot) => `dispatch ${lane} ${slot}`),
  ];

  it('leave jobs at once for lanes that this process does not serve, and for no others', async () => {
    const { saved, calls } = callsOf(['transactional', 'default']);
    calls.call(LANES);
    calls.call(['campaign']);
    await until('somebody is called', () => saved.length > 0, { withinMs: 900 });
    expect(saved).to.deep.equal(jobsOf('campaign'));
    calls.stop();
  });

  it('leave jobs for every lane where this process serves none', async () => {
    const { saved, calls } = callsOf([]);
    calls.call(LANES);
    await until('somebody is called', () => saved.length > 0);
    expect(saved).to.have.members(LANES.flatMap(jobsOf));
    calls.stop();
  });

  it('ask for help with what still keeps this process busy after a while', async () => {
    const { saved, calls } = callsOf(['default', 'campaign'], ['plan', 'campaign']);
    calls.call(['default']);
    await until('somebody is called', () => saved.length > 0);
    expect(saved).to.have.members([...jobsOf('campaign'), ...jobsOf('default').slice(0, 2)]);
    calls.stop();
  });

  it('are over when they are stopped', async () => {
    const { saved, calls } = callsOf([]);
    calls.call(LANES);
    calls.stop();
    calls.call(LANES);
    const other = callsOf([]);
    other.calls.call(LANES);
    await until('somebody else was called, who asked later', () => other.saved.length > 0);
    expect(saved).to.deep.equal([]);
    other.calls.stop();
  });
});
