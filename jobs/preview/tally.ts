/** What would become of each candidate of an audience, as far as anybody can know before it is sent. */
import type { Vendor } from '../../adapters/adapter.js';
import type { Task } from '../../models/task.js';
import type { Candidate } from '../candidate.js';
import { type CutRules, judge } from '../cut.js';
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

  add(candidate: Candidate, rules: CutRules): void {
    this.targeted += 1;
    const reason = judge(candidate, rules);
    if (reason != null) add(this.suppressed, reason);
    else if (this.#hasNoMessage(candidate)) add(this.failed, TEMPLATE_REFUSED);
    else this.#addEligible(candidate, rules);
  }

  #addEligible(candidate: Candidate, { quiet }: CutRules): void {
    const { task, startMs } = this.looking;
    const peace = quiet?.peaceOf(candidate.device ?? {});
    if (peace?.drops) {
      add(this.suppressed, 'quiet-hours');
      return;
    }
    const atMs = Math.max(startMs, peace?.untilMs ?? startMs);
    if (atMs >= task.expiresAt.getTime()) {
      add(this.expired, 'quiet-hours');
      return;
    }
    if (peace != null) add(this.held, 'quiet-hours');
    this.reached += 1;
    this.firstMs = Math.min(this.firstMs, atMs);
    this.lastMs = Math.max(this.lastMs, atMs);
    add(this.byVendor, this.#vendorOf(candidate));
    add(this.byLocale, this.#localeOf(candidate) || DEFAULT_LOCALE);
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
