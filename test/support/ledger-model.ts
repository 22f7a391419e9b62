/**
 * One task in memory, moved step by step by the pure functions that move real ones: `cut`, `consequence` and `endOf` decide,
 * the model only keeps what a database would. It remembers what devices may really have got, too, as a vendor would.
 */
import { mongo, Types } from 'mongoose';
import type { Outcome } from '../../adapters/adapter.js';
import type { RowCount, TaskBooks } from '../../jobs/books/compare.js';
import { addBatch, noSums } from '../../jobs/books/sums.js';
import type { Candidate } from '../../jobs/candidate.js';
import { consequence, endOf } from '../../jobs/consequence.js';
import { type CutRules, cut } from '../../jobs/cut.js';
import {
  type Batch,
  countKey,
  DEVICE_BYTES,
  type DeliveryState,
  followUpBatchId,
  packIds,
  unpack,
} from '../../models/batch.js';
import { splitDeliveryId } from '../../models/delivery.js';
import type { IfUnsure, TaskState } from '../../models/task.js';
import { someTask } from './job-context.js';

const NOW = new Date('2026-01-01T12:00:00Z');

export const RULES: CutRules = {
  app: 'shop',
  purpose: 'service',
  profiles: new Set(['fcm/default', 'apns/default']),
  onList: new Set(),
  accountKeyOf: () => Buffer.alloc(16),
  allowRaw: false,
  rawKeyOf: () => '',
};

export interface ModelDevice {
  readonly vendor: 'fcm' | 'apns';
  readonly consents: boolean;
}

export const candidateOf = ({ vendor, consents }: ModelDevice): Candidate => {
  const id = new Types.ObjectId();
  const consent = consents ? { push: 'granted' as const, purposes: {} } : { purposes: {} };
  const fixed = { app: 'shop', profile: 'default', token: 't', state: 'active' as const };
  const tokenKey = new mongo.Binary(Buffer.from(id.id));
  return { id, device: { _id: id, vendor, tokenKey, consent, ...fixed } };
};

export interface ModelRow {
  readonly vendor: string;
  readonly state: DeliveryState;
  readonly reason?: string;
}

interface Ended extends Omit<ModelRow, 'vendor'> {
  readonly device: string;
}
interface Again {
  readonly device: string;
  readonly maybe: boolean;
  readonly countsAsAttempt: boolean;
}

export class ModelTask {
  readonly batches: Batch[] = [];
  readonly rows = new Map<string, ModelRow>();
  /** How often a vendor may have delivered to each device. */
  readonly mayHaveGot = new Map<string, number>();
  state: TaskState = 'planning';
  readonly #task;
  #planSequence = 0;
  #planned = false;

  constructor(
    readonly ifUnsure: IfUnsure,
    readonly unplanned: Candidate[],
  ) {
    this.#task = someTask({ ifUnsure, planSequence: 0 });
  }

  devicesOf(batch: Batch): string[] {
    return unpack(batch.devices, DEVICE_BYTES).map((id) => id.toString('hex'));
  }

  inState(...states: Batch['state'][]): Batch[] {
    return this.batches.filter(({ state }) => states.includes(state));
  }

  plan(count: number): void {
    if (this.state !== 'planning') return;
    const task = { ...this.#task, planSequence: this.#planSequence };
    const { batches, rows, planSequence } = cut(task, this.unplanned.splice(0, count), RULES, NOW);
    this.batches.push(...batches);
    for (const { _id, s, r, v = '' } of rows) {
      this.#end(splitDeliveryId(_id).device.toHexString(), {
        vendor: v,
        state: s,
        ...(r == null ? {} : { reason: r }),
      });
    }
    this.#planSequence = planSequence;
    if (this.unplanned.length > 0) return;
    this.#planned = true;
    this.state = 'sending';
  }

  claim(batch: Batch): void {
    if (this.state === 'cancelled') this.#endAll(batch, 'cancelled', 'task-cancelled');
    else batch.state = this.state === 'paused' ? 'held' : 'claimed';
  }

  markSending(batch: Batch): void {
    batch.state = 'sending';
  }

  /** One outcome for each device, undefined for those that were not eligible any more. */
  report(batch: Batch, outcomes: readonly (Outcome | undefined)[]): void {
    const ended: Ended[] = [];
    const again: Again[] = [];
    this.devicesOf(batch).forEach((device, index) => {
      const outcome = outcomes[index % outcomes.length];
      if (outcome == null) {
        const end = endOf('suppressed', 'erased', batch.maybe);
        if (end.kind === 'end') ended.push({ device, ...end });
        return;
      }
      this.#witness(device, outcome);
      const verdict = consequence(outcome, { ifUnsure: this.ifUnsure, maybe: batch.maybe });
      if (verdict.kind === 'end') ended.push({ device, ...verdict });
      else again.push({ device, ...verdict });
    });
    this.#close(batch, ended, again);
  }

  /** Its worker dies. */
  kill(batch: Batch): void {
    if (batch.state === 'claimed') {
      batch.state = 'due';
      return;
    }
    for (const device of this.devicesOf(batch)) this.#got(device);
    if (this.ifUnsure === 'leave') this.#endAll(batch, 'unknown', 'worker-died');
    else Object.assign(batch, { state: 'due', maybe: true });
  }

  expire(batch: Batch): void {
    const [state, reason] =
      this.state === 'cancelled'
        ? (['cancelled', 'task-cancelled'] as const)
        : (['expired', 'not-sent-in-time'] as const);
    this.#endAll(batch, state, reason);
  }

  pause(): void {
    if (this.state !== 'sending' && this.state !== 'planning') return;
    this.state = 'paused';
    for (const batch of this.inState('due')) batch.state = 'held';
  }

  resume(): void {
    if (this.state !== 'paused') return;
    this.state = this.#planned ? 'sending' : 'planning';
    for (const batch of this.inState('held')) batch.state = 'due';
  }

  cancel(): void {
    if (this.state === 'done') return;
    this.state = 'cancelled';
    for (const batch of this.inState('held')) batch.state = 'due';
  }

  finish(): void {
    const isOpen = this.inState('due', 'held', 'claimed', 'sending').length > 0;
    if (this.state === 'sending' && this.#planned && !isOpen) this.state = 'done';
  }

  /** What a check of the books reads. */
  books(): TaskBooks {
    const sums = noSums();
    for (const batch of this.batches) addBatch(sums, lineOf(batch), 'shop');
    const task = {
      ...this.#task,
      state: this.state,
      planned: this.#planned,
      planSequence: this.#planSequence,
    };
    const rows = [...this.rows.values()].map((row): RowCount => ({ ...row, rows: 1 }));
    return { task, sums, rows };
  }

  #got(device: string): void {
    this.mayHaveGot.set(device, (this.mayHaveGot.get(device) ?? 0) + 1);
  }

  #witness(device: string, outcome: Outcome): void {
    const isUnsure = outcome.kind === 'try-later' && outcome.mayHaveArrived === true;
    if (outcome.kind === 'accepted' || isUnsure) this.#got(device);
  }

  #end(device: string, row: ModelRow): void {
    // As the key of the collection of rows has it.
    if (this.rows.has(device)) throw new Error('A second row for a device');
    this.rows.set(device, row);
  }

  #endAll(batch: Batch, state: DeliveryState, reason: string): void {
    const end = endOf(state, reason, batch.maybe);
    if (end.kind !== 'end') return;
    const ended = this.devicesOf(batch).map((device) => ({ device, ...end }));
    this.#close(batch, ended, []);
  }

  #close(batch: Batch, ended: readonly Ended[], again: readonly Again[]): void {
    const counts: Record<string, number> = {};
    for (const { device, state, reason } of ended) {
      const key = countKey(state, state === 'accepted' ? undefined : reason);
      counts[key] = (counts[key] ?? 0) + 1;
      this.#end(device, { vendor: batch.vendor, state, ...(reason == null ? {} : { reason }) });
    }
    const groups = new Map<string, Again[]>();
    for (const one of again) {
      const key = `${one.maybe} ${one.countsAsAttempt}`;
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    for (const group of groups.values()) this.#follow(batch, group);
    delete batch.devices;
    Object.assign(batch, { state: 'done', counts, movedOn: again.length });
  }

  #follow(batch: Batch, group: readonly Again[]): void {
    const [first] = group;
    if (first == null) return;
    this.batches.push({
      ...batch,
      _id: followUpBatchId(batch.task),
      first: false,
      state: 'due',
      size: group.length,
      devices: packIds(group.map(({ device }) => new Types.ObjectId(device))),
      attempt: batch.attempt + (first.countsAsAttempt ? 1 : 0),
      waits: batch.waits + (first.countsAsAttempt ? 0 : 1),
      maybe: first.maybe,
      counts: {},
      movedOn: 0,
    });
  }
}

const lineOf = (batch: Batch) => ({
  ...batch,
  id: batch._id.toString('hex'),
  carried: {
    devices: batch.devices == null ? null : batch.devices.length() / DEVICE_BYTES,
    tokens: null,
    accounts: null,
    data: null,
  },
});
