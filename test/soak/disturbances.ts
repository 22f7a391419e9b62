/** When a process or the database stood still: what was on its way then may leave later than is promised. */

/** A machine under this load is late by itself. */
const AFTERMATH_MS = 3_000;

export class Disturbances {
  readonly #intervals: { readonly fromMs: number; toMs: number }[] = [];

  /** Call what comes back when it goes on. */
  begin(): () => void {
    const interval = { fromMs: Date.now(), toMs: Infinity };
    this.#intervals.push(interval);
    return () => {
      interval.toMs = Date.now();
    };
  }

  between(fromMs: number, toMs: number): boolean {
    return this.#intervals.some(
      (interval) => interval.fromMs <= toMs && interval.toMs + AFTERMATH_MS >= fromMs,
    );
  }

  get isNow(): boolean {
    return this.#intervals.some(({ toMs }) => toMs === Infinity);
  }
}
