import { expect } from 'chai';
import {
  familyOf,
  parseStat,
  parseStatusMb,
  readCpuMs,
  readFamily,
  readPeakRssMb,
} from './process-figures.js';

const stat = (pid: number, parent: number) => ({ pid, parent, name: 'sh', cpuMs: 0 });

describe('figures of a process', () => {
  it('reads its name, its parent and the CPU time of user and system together', () => {
    const line =
      '4711 (mongod) S 4700 4711 4711 0 -1 4194304 9 0 3 0 250 75 11 12 20 0 33 0 100 0 0 0';
    expect(parseStat(line)).to.deep.equal({
      pid: 4711,
      name: 'mongod',
      parent: 4700,
      cpuMs: 3_250,
    });
  });

  it('is not misled by a name with spaces and parentheses', () => {
    const line = '12 (a) R 1 (b) S 7 12 12 0 -1 4194304 9 0 3 0 1 2 11 12 20 0 33 0 100 0 0 0';
    expect(parseStat(line)).to.deep.equal({ pid: 12, name: 'a) R 1 (b', parent: 7, cpuMs: 30 });
  });

  it('reads memory in megabytes, of the field that is asked for', () => {
    const status = 'Name:\tnode\nVmPeak:\t9999999 kB\nVmHWM:\t  500000 kB\nVmRSS:\t  400000 kB\n';
    expect(parseStatusMb(status, 'VmHWM')).to.equal(512);
    expect(parseStatusMb(status, 'VmSwap')).to.equal(undefined);
  });

  it('finds children and their children, and no strangers', () => {
    const all = [stat(1, 0), stat(30, 20), stat(20, 10), stat(10, 1), stat(11, 1), stat(21, 11)];
    expect(familyOf(10, all).map(({ pid }) => pid)).to.deep.equal([10, 20, 30]);
    expect(familyOf(99, all)).to.deep.equal([]);
  });

  it('reads this very process, where there is a /proc', async () => {
    if (process.platform !== 'linux') return;
    const [own] = await readFamily(process.pid);
    expect(own).to.include({ pid: process.pid, parent: process.ppid });
    expect(await readCpuMs([process.pid])).to.be.within(1, 3_600_000);
    const rssMb = process.memoryUsage.rss() / 1e6;
    expect(await readPeakRssMb(process.pid)).to.be.at.least(rssMb * 0.9);
  });

  it('tells no cost of a process that is gone', async () => {
    const gone = await readCpuMs([2 ** 30]).catch((error: unknown) => error);
    expect(gone).to.be.instanceOf(Error);
  });
});
