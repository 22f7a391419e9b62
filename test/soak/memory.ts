/** How fast the memory of processes grows: resident megabytes over time, and the slope of a line through them. */
import { readFile } from 'node:fs/promises';
import { parseStatusMb } from '../../bench/process-figures.js';

export interface Sample {
  readonly atMs: number;
  readonly mb: number;
}

export interface Slope {
  readonly mbPerHour: number;
  /** Of all processes together, without their first minute. */
  readonly minutes: number;
  readonly mostMb: number;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** A process that has just begun fills its caches. */
const WARM_UP_MS = MINUTE_MS;
/** Behind the warm-up; over less time, chance decides. */
const LONG_ENOUGH_MS = 2 * MINUTE_MS;

/** Least squares; undefined for fewer than two instants. */
export const slopeOf = (samples: readonly Sample[]): number | undefined => {
  const count = samples.length;
  const meanAt = samples.reduce((sum, { atMs }) => sum + atMs, 0) / count;
  const meanMb = samples.reduce((sum, { mb }) => sum + mb, 0) / count;
  let above = 0;
  let below = 0;
  for (const { atMs, mb } of samples) {
    above += (atMs - meanAt) * (mb - meanMb);
    below += (atMs - meanAt) ** 2;
  }
  return below > 0 ? (above / below) * HOUR_MS : undefined;
};

const spanOf = (samples: readonly Sample[]): number =>
  (samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0);

/** Of processes that lived long enough, each by its time; undefined when none did. */
export const slopeOfAll = (processes: Iterable<readonly Sample[]>): Slope | undefined => {
  let weighted = 0;
  let spanMs = 0;
  let mostMb = 0;
  for (const all of processes) {
    const since = (all[0]?.atMs ?? 0) + WARM_UP_MS;
    const samples = all.filter(({ atMs }) => atMs >= since);
    const slope = slopeOf(samples);
    mostMb = Math.max(mostMb, ...all.map(({ mb }) => mb));
    if (slope == null || spanOf(samples) < LONG_ENOUGH_MS) continue;
    weighted += slope * spanOf(samples);
    spanMs += spanOf(samples);
  }
  return spanMs === 0
    ? undefined
    : { mbPerHour: weighted / spanMs, minutes: spanMs / MINUTE_MS, mostMb };
};

/** Samples of one kind of process, by its id. */
export class MemoryWatch {
  readonly #samples = new Map<number, Sample[]>();

  /** Processes that are gone by now have nothing to say. */
  async look(pids: readonly number[]): Promise<void> {
    for (const pid of pids) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      const mb = parseStatusMb(status, 'VmRSS');
      if (mb == null) continue;
      const ofProcess = this.#samples.get(pid) ?? [];
      this.#samples.set(pid, ofProcess);
      ofProcess.push({ atMs: performance.now(), mb });
    }
  }

  slope(): Slope | undefined {
    return slopeOfAll(this.#samples.values());
  }
}
