/** What does not hold: kept for the end, and told at once. */

export interface Violation {
  readonly promise: string;
  /** The soak's own name of the task, such as `t17`, with the gateway's id where it is known. */
  readonly task?: string;
  readonly device?: string;
  readonly expected: string;
  readonly seen: string;
}

/** What counts in the report by a name of its own. */
export const LOST = 'nothing accepted is lost';
export const DOUBLED = 'nobody twice with leave';

/** One cause may break a promise for hundreds of devices. */
const MOST_KEPT = 200;

export const violationLine = ({ promise, task, device, expected, seen }: Violation): string =>
  [
    `BROKEN [${promise}]`,
    ...(task == null ? [] : [`task ${task}`]),
    ...(device == null ? [] : [`device ${device}`]),
    `expected ${expected}`,
    `seen ${seen}`,
  ].join(', ');

export class Violations {
  readonly kept: Violation[] = [];
  readonly #counts = new Map<string, number>();

  constructor(readonly told: (line: string) => void = () => undefined) {}

  add(violation: Violation): void {
    const { promise } = violation;
    this.#counts.set(promise, this.of(promise) + 1);
    if (this.kept.length >= MOST_KEPT) return;
    this.kept.push(violation);
    this.told(violationLine(violation));
  }

  of(promise: string): number {
    return this.#counts.get(promise) ?? 0;
  }

  get count(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }
}
