import { expect } from 'chai';
import { failureLines, progressLine, resultTable } from './report.js';
import type { Result } from './soak.js';
import { DOUBLED, LOST, Violations } from './violations.js';

const resultWith = (violations: Violations): Result => ({
  seed: 7,
  minutes: 0.5,
  elapsedMinutes: 1.04,
  tasks: 55,
  targeted: 4_287,
  received: 3_761,
  delivered: 3_470,
  devices: 482,
  gatewaysStarted: 5,
  faults: new Map([
    ['vendors: 429', 2],
    ['gateway SIGKILL', 1],
  ]),
  memory: { gateways: { mbPerHour: -1.25, minutes: 9, mostMb: 250.4 }, mongod: undefined },
  violations,
  folder: 'the folder',
});

describe('what a soak says at the end', () => {
  it('is a table alone when everything holds', () => {
    const result = resultWith(new Violations());
    const lines = resultTable(result).map((line) => line.replace(/ {2,}/g, ': '));
    expect(lines).to.include.members(['lost: 0', 'doubled: 0', 'other breaches: 0']);
    expect(lines).to.include.members(['faults injected: 3', ': vendors: 429: 2']);
    expect(lines).to.include(
      'memory of the gateways: -1.3 MB an hour over 9.0 minutes, 250 MB at most',
    );
    expect(lines).to.include('memory of mongod: no process lived long enough');
    expect(failureLines(result)).to.deep.equal([]);
  });

  it('names what broke, where the logs are and how to repeat it', () => {
    const violations = new Violations();
    violations.add({ promise: LOST, task: 't1 (id)', expected: 'a row', seen: 'none' });
    violations.add({ promise: DOUBLED, device: 'd4 (id)', expected: 'one push', seen: '2' });
    const lines = failureLines(resultWith(violations));
    expect(lines).to.include.members([
      'BROKEN [nothing accepted is lost], task t1 (id), expected a row, seen none',
      'BROKEN [nobody twice with leave], device d4 (id), expected one push, seen 2',
      'What the gateways have written is kept in the folder',
      'To repeat it: npm run soak -- --minutes 0.5 --seed 7',
    ]);
  });

  it('tells how far it is', () => {
    const progress = { phase: 'faults', tasks: 20, open: 3, received: 1_899, faults: 9, broken: 0 };
    expect(progressLine({ ...progress, elapsedMs: 61_000 })).to.equal(
      '1:01 faults: 20 tasks, 3 open, 1,899 pushes received, 9 faults, 0 broken',
    );
  });
});
