/** The tasks of a soak: what was asked for, and what is known of it so far. */
import type { RowShown, TaskShown } from '../support/fleet.js';
import type { TaskPlan } from './task-plan.js';

export interface Entry {
  readonly name: string;
  /** Absent for a recall, of which only its books are checked. */
  readonly plan?: TaskPlan;
  readonly askedAtMs: number;
  /** The gateway's; unknown until it answers. */
  id?: string;
  /** Somebody has told it to stop, or tried to. */
  isStopped: boolean;
  /** Nothing more may leave a second after. */
  quietSinceMs?: number;
  resumeAtMs?: number;
  shown?: TaskShown;
  endedAtMs?: number;
  rows?: readonly RowShown[];
  /** It was never written: whoever asked had no answer. */
  isVoid?: boolean;
}

export class TaskBook {
  readonly #open = new Map<string, Entry>();
  /** Ended, and still to be held against the vendors' records. */
  readonly #ended = new Map<string, Entry>();
  /** Asked for once, without an answer: nobody knows whether they exist. */
  readonly #unsure = new Map<string, Entry>();
  readonly #settled = new Set<string>();
  accepted = 0;
  targeted = 0;

  open(plan: TaskPlan): Entry {
    const entry = { name: plan.name, plan, askedAtMs: Date.now(), isStopped: false };
    this.#open.set(entry.name, entry);
    return entry;
  }

  openRecall(of: Entry, id: string): void {
    const name = `recall of ${of.name}`;
    if (this.#open.has(name) || this.#ended.has(name) || this.#settled.has(name)) return;
    this.#open.set(name, { name, id, askedAtMs: Date.now(), isStopped: true });
    this.accepted += 1;
  }

  answered(entry: Entry, id: string): void {
    entry.id = id;
    this.accepted += 1;
    this.#unsure.delete(entry.name);
    this.#open.set(entry.name, entry);
  }

  putAside(entry: Entry): void {
    this.#open.delete(entry.name);
    this.#unsure.set(entry.name, entry);
  }

  ended(entry: Entry): void {
    entry.endedAtMs = Date.now();
    this.targeted += entry.shown?.counts['targeted'] ?? 0;
    this.#open.delete(entry.name);
    this.#ended.set(entry.name, entry);
  }

  settle(entry: Entry): void {
    this.#ended.delete(entry.name);
    this.#unsure.delete(entry.name);
    this.#settled.add(entry.name);
  }

  isSettled(name: string): boolean {
    return this.#settled.has(name);
  }

  find(name: string): Entry | undefined {
    return this.#open.get(name) ?? this.#ended.get(name) ?? this.#unsure.get(name);
  }

  get openEntries(): Entry[] {
    return [...this.#open.values()];
  }

  get endedEntries(): Entry[] {
    return [...this.#ended.values()];
  }

  get unsureEntries(): Entry[] {
    return [...this.#unsure.values()];
  }
}
