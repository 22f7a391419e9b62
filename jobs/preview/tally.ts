/** What would become of each candidate of an audience, as far as anybody can know before it is sent. */
import type { Vendor } from '../../adapters/adapter.js';
import type { Capped } from '../../models/cap-counts.js';
import type { Task } from '../../models/task.js';
import type { Candidate } from '../candidate.js';
import { type CutRules, judge } from '../cut.js';
import { expiryOf } from '../due.js';
import type { HeldDevice, Holds } from '../hold.js';
import { localeFor, messageFor } from '../message.js';
import { refusedTemplate, TEMPLATE_REFUSED } from '../refused-template.js';

/** Devices by some word. */
export type Counted = Record<string, number>;

const DEFAULT_LOCALE = 'default';

const add = (counts: Counted, word: string): void => {
  counts[word] = (counts[word] ?? 0) + 1;
};

export interface Looking {
  readonly task: Task;
  readonly vendors: ReadonlyMap<string, Vendor>;
  /** When the task begins. */
  readonly startMs: number;
}

export class Tally {
  targeted = 0;
  reached = 0;
  readonly byVendor: Counted = {};
  readonly byLocale: Counted = {};
  readonly suppressed: Counted = {};
  readonly failed: Counted = {};
  readonly expired: Counted = {};
  readonly held: Counted = {};
  firstMs = Number.POSITIVE_INFINITY;
  lastMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly looking: Looking) {}

  /** `capped`: who has had enough pushes, if it is known. */
  add(candidate: Candidate, rules: CutRules, capped?: Capped): void {
    this.targeted += 1;
    const reason = judge(candidate, rules);
    if (reason != null) add(this.suppressed, reason);
    else if (this.#hasNoMessage(candidate)) add(this.failed, TEMPLATE_REFUSED);
    else this.#addEligible(candidate, rules, capped);
  }

  #addEligible(candidate: Candidate, { holds }: CutRules, capped: Capped | undefined): void {
    const { task, startMs } = this.looking;
    const device = { ...candidate.device, _id: candidate.id };
    const held = holds?.of(device) ?? null;
    const sent = this.#sentAt(device, held, holds);
    if (typeof sent === 'string') {
      add(this.suppressed, sent);
      return;
    }
    const { atMs, reason } = sent;
    const dueMs = typeof held === 'object' ? held?.dueMs : undefined;
    if (reason != null && atMs >= expiryOf(task, dueMs ?? startMs).getTime()) {
      add(this.expired, reason);
      return;
    }
    if (capped != null && capped.freesAt.getTime() > atMs) {
      add(this.suppressed, `capped:${capped.cap}`);
      return;
    }
    if (reason != null) add(this.held, reason);
    this.reached += 1;
    this.firstMs = Math.min(this.firstMs, atMs);
    this.lastMs = Math.max(this.lastMs, atMs);
    add(this.byVendor, this.#vendorOf(candidate));
    add(this.byLocale, this.#localeOf(candidate) || DEFAULT_LOCALE);
  }

  /** When it would leave, and what it has to wait for; a reason when it never does. */
  #sentAt(
    device: HeldDevice,
    held: ReturnType<Holds['of']>,
    holds: Holds | undefined,
  ): { readonly atMs: number; readonly reason?: string } | string {
    if (held == null) return { atMs: this.looking.startMs };
    if (typeof held === 'string') return held;
    if (held.reason !== 'not-due') return { atMs: held.untilMs, reason: held.reason };
    const atMs = holds?.from(device, held.untilMs) ?? held.untilMs;
    return typeof atMs === 'string' ? atMs : { atMs, reason: 'not-due' };
  }

  #vendorOf({ device, raw }: Candidate): string {
    return device?.vendor ?? raw?.vendor ?? '';
  }

  #localeOf({ device }: Candidate): string {
    return localeFor(this.looking.task.message.localized, device?.locale);
  }

  /** What an account of the audience says for itself may be no value for the template. */
  #hasNoMessage(candidate: Candidate): boolean {
    const { task, vendors, startMs } = this.looking;
    const { data } = candidate;
    const vendor = vendors.get(this.#vendorOf(candidate));
    if (task.message.template == null || data == null || vendor == null) return false;
    try {
      messageFor(task, vendor, { locale: this.#localeOf(candidate), data }, startMs);
      return false;
    } catch (error) {
      refusedTemplate(error);
      return true;
    }
  }
}
