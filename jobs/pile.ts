/** Devices that will share batches, packed: 12 bytes are kept of each while others are read. */
import { mongo } from 'mongoose';
import { type Batch, DEVICE_BYTES, packKeys } from '../models/batch.js';
import type { Candidate } from './candidate.js';

/** There is room for so many at first. */
const FEW = 64;

export class Pile {
  size = 0;
  private ids = Buffer.allocUnsafe(FEW * DEVICE_BYTES);
  private readonly tokens: string[] = [];
  private readonly accountKeys: Buffer[] = [];
  private readonly data: (Record<string, string> | null)[] = [];
  private hasData = false;

  constructor(
    readonly place: Pick<Batch, 'vendor' | 'profile'>,
    readonly dueMs: number | undefined,
  ) {}

  add({ id, raw, accountKey, data }: Candidate): void {
    const start = this.size * DEVICE_BYTES;
    if (start === this.ids.length) this.ids = Buffer.concat([this.ids], 2 * start);
    this.ids.set(id.id, start);
    this.size += 1;
    if (raw != null) this.tokens.push(raw.token);
    if (accountKey != null) this.accountKeys.push(accountKey);
    if (data != null) this.hasData = true;
    this.data.push(data ?? null);
  }

  /** What a batch says of the devices from one place to another. */
  members(from: number, to: number): Partial<Batch> {
    const { tokens, accountKeys } = this;
    const ids = this.ids.subarray(from * DEVICE_BYTES, to * DEVICE_BYTES);
    return {
      devices: new mongo.Binary(Buffer.from(ids)),
      ...(tokens.length === 0 ? {} : { tokens: tokens.slice(from, to) }),
      ...(accountKeys.length === this.size
        ? { accounts: packKeys(accountKeys.slice(from, to)) }
        : {}),
      ...(this.hasData ? { data: this.data.slice(from, to) } : {}),
    };
  }
}
