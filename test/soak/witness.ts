/** What the vendors' own records say, sorted by task: which token got which task, how often, and when. */
import type { PushRecord, Simulators } from '../../simulators/index.js';
import { VENDORS, type VendorName } from '../faults/row.js';

/** Every message carries its task's name in its data; a recall carries none. */
export const NAME_KEY = 'soak';
const NAME = new RegExp(`${NAME_KEY}\\\\*":\\\\*"(t\\d+)`);

/** What one token got of one task. */
export interface Got {
  readonly received: number;
  readonly delivered: number;
  readonly shown: number;
}

export interface WitnessedPush {
  /** Undefined for a recall. */
  readonly task?: string;
  readonly token: string;
  readonly delivered: boolean;
  readonly atMs: number;
}

/** Records are taken out often, so that simulators need not keep many. */
export const RECORD_LIMITS = { pushRecords: 40_000, requestRecords: 10_000 };

const NOTHING: Got = { received: 0, delivered: 0, shown: 0 };

export class Witness {
  readonly #simulators: Simulators;
  readonly #heard: (push: WitnessedPush) => void;
  readonly #taken = new Map<VendorName, number>();
  readonly #tasks = new Map<string, Map<string, Got>>();
  readonly #names = new WeakMap<object, string | undefined>();

  constructor(simulators: Simulators, heard: (push: WitnessedPush) => void) {
    this.#simulators = simulators;
    this.#heard = heard;
    // What came before was no task: settings are tried when they are stored.
    for (const vendor of VENDORS) this.#taken.set(vendor, simulators[vendor].counts().received);
  }

  /** Takes in what has arrived since the last time; throws when records are gone already. */
  take(): void {
    for (const vendor of VENDORS) {
      const { received } = this.#simulators[vendor].counts();
      const fresh = received - (this.#taken.get(vendor) ?? 0);
      if (fresh === 0) continue;
      if (fresh > RECORD_LIMITS.pushRecords) throw new Error('The witness was too slow');
      for (const record of this.#simulators[vendor].received().slice(-fresh)) this.#note(record);
      this.#taken.set(vendor, received);
    }
  }

  of(task: string, token: string): Got {
    return this.#tasks.get(task)?.get(token) ?? NOTHING;
  }

  tokensOf(task: string): readonly string[] {
    return [...(this.#tasks.get(task)?.keys() ?? [])];
  }

  forget(task: string): void {
    this.#tasks.delete(task);
  }

  #nameOf({ request }: PushRecord): string | undefined {
    if (request == null) throw new Error('The witness was too slow');
    if (!this.#names.has(request)) {
      this.#names.set(request, NAME.exec(JSON.stringify(request.body))?.[1]);
    }
    return this.#names.get(request);
  }

  #note(record: PushRecord): void {
    const { token, delivered, shown, at } = record;
    const task = this.#nameOf(record);
    this.#heard({ ...(task == null ? {} : { task }), token, delivered, atMs: Date.parse(at) });
    if (task == null) return;
    const ofTask = this.#tasks.get(task) ?? new Map<string, Got>();
    this.#tasks.set(task, ofTask);
    const got = ofTask.get(token) ?? NOTHING;
    ofTask.set(token, {
      received: got.received + 1,
      delivered: got.delivered + (delivered ? 1 : 0),
      shown: got.shown + (shown ? 1 : 0),
    });
  }
}
