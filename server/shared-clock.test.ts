import { expect } from 'chai';
import { createSharedClock } from './shared-clock.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const START_MS = Date.parse('2027-02-28T12:00:00Z');

describe('the shared clock', () => {
  /** A machine and a database whose clocks can be set, in a world with a true time. */
  const world = ({ machineMs = 0, databaseMs = 0 } = {}) => {
    const off = { machineMs, databaseMs };
    const told: { machineMs: number; databaseMs: number }[] = [];
    let passedMs = 0;
    const truth = (): number => START_MS + passedMs;
    const clock = createSharedClock({
      wall: () => truth() + off.machineMs,
      monotonic: () => 5_000 + passedMs,
      differs: (clocks) => told.push(clocks),
    });
    const read = (): void => clock.read(truth() + off.databaseMs);
    read();
    return {
      ...{ off, told, read },
      pass: (ms: number): void => void (passedMs += ms),
      errorMs: () => clock.now() - truth(),
    };
  };

  it('is the clock of this machine as long as that is kept', () => {
    const { errorMs, read, off, told } = world({ machineMs: 700 });
    expect(errorMs()).to.equal(700);
    off.machineMs = -300;
    read();
    expect(errorMs()).to.equal(-300);
    expect(told).to.deep.equal([]);
  });

  for (const jumpMs of [HOUR_MS, -HOUR_MS, 2 * MINUTE_MS]) {
    it(`does not follow this machine when it jumps by ${jumpMs} ms, and says so`, () => {
      const { errorMs, read, off, pass, told } = world();
      pass(MINUTE_MS);
      off.machineMs = jumpMs;
      expect(errorMs()).to.equal(0);
      read();
      pass(MINUTE_MS);
      expect(errorMs()).to.equal(0);
      expect(told).to.deep.equal([{ machineMs: jumpMs, databaseMs: 0 }]);
      off.machineMs = 0;
      read();
      expect(told).to.have.length(2);
    });

    it(`does not follow the database when it jumps by ${jumpMs} ms, and says so`, () => {
      const { errorMs, read, off, pass, told } = world();
      off.databaseMs = jumpMs;
      for (let minute = 0; minute < 10; minute += 1) {
        read();
        pass(MINUTE_MS);
        expect(errorMs()).to.equal(0);
      }
      expect(told).to.deep.equal([{ machineMs: 0, databaseMs: jumpMs }]);
    });

    it(`believes the database on a machine that starts ${jumpMs} ms off`, () => {
      const { errorMs, read, off, pass } = world({ machineMs: jumpMs });
      expect(errorMs()).to.equal(0);
      pass(MINUTE_MS);
      read();
      // Even when that goes wrong as well, what both agreed on before holds.
      off.databaseMs = -2 * jumpMs;
      read();
      expect(Math.abs(errorMs())).to.be.at.most(1_000);
    });
  }

  it('stays with the database while this machine drifts away, month after month', () => {
    const DRIFT = 100e-6;
    let passedMs = 0;
    const drifted = (): number => passedMs * (1 + DRIFT);
    const clock = createSharedClock({
      wall: () => START_MS + drifted(),
      monotonic: drifted,
    });
    for (; passedMs < 60 * 24 * HOUR_MS; passedMs += 2 * MINUTE_MS) {
      clock.read(START_MS + passedMs);
      expect(Math.abs(clock.now() - START_MS - passedMs)).to.be.at.most(1_001);
    }
  });

  it('does not call a clock wrong because an answer came late', () => {
    const { errorMs, read, off, told } = world();
    off.databaseMs = -10_000;
    read();
    expect(errorMs()).to.equal(0);
    expect(told).to.deep.equal([]);
  });

  it('follows both when they agree that time has passed, as after a machine slept', () => {
    const { errorMs, read, off } = world();
    off.machineMs = HOUR_MS;
    off.databaseMs = HOUR_MS;
    read();
    expect(errorMs()).to.equal(HOUR_MS);
  });

  it('is the clock of this machine until the database was heard', () => {
    const clock = createSharedClock({ wall: () => 1_234, monotonic: () => 0 });
    expect(clock.now()).to.equal(1_234);
  });
});
