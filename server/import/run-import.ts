/** Imports devices from a stream of lines: while one thousand is written, the next is read. */
import type { RegistrationRequest, RegistrationResult } from '../../models/bulk-registration.js';
import { type Line, lineGroups } from './lines.js';
import type { CheckedRow } from './row-check.js';
import type { RowReader } from './rows.js';

/** More than anybody reads; a file of the wrong kind has a million. */
export const MAX_ERRORS = 1_000;

export interface LineError {
  readonly line: number;
  /** Empty for the whole line. */
  readonly field: string;
  readonly reason: string;
}

export interface ImportReport {
  created: number;
  updated: number;
  unchanged: number;
  refused: number;
  /** The first MAX_ERRORS of the refused lines. */
  readonly errors: LineError[];
}

export interface ImportParts {
  readonly read: RowReader;
  readonly check: (value: unknown) => CheckedRow;
  /** One result for each request, in their order. */
  readonly register: (requests: RegistrationRequest[]) => Promise<RegistrationResult[]>;
}

/** It broke off; the report tells what had been done by then. */
export class ImportBroken extends Error {
  override readonly name = 'ImportBroken';
  constructor(
    readonly report: ImportReport,
    cause: unknown,
  ) {
    super('The import broke off', { cause });
  }
}

interface Ready {
  readonly line: number;
  readonly request: RegistrationRequest;
}

class Import {
  readonly report: ImportReport = { created: 0, updated: 0, unchanged: 0, refused: 0, errors: [] };
  #writing: Promise<void> = Promise.resolve();
  #fault: { error: unknown } | undefined;

  constructor(private readonly parts: ImportParts) {}

  /** Resolves when the lines before these are written, so no more than two groups are in memory. */
  async take(lines: Line[]): Promise<void> {
    const ready = this.#ready(lines);
    await this.written();
    this.#writing = this.#write(ready).catch((error: unknown) => {
      this.#fault = { error };
    });
  }

  async written(): Promise<void> {
    await this.#writing;
    if (this.#fault) throw this.#fault.error;
  }

  #ready(lines: Line[]): Ready[] {
    const ready: Ready[] = [];
    for (const { line, value, fault } of this.parts.read(lines)) {
      if (fault != null) {
        this.#refuse(line, '', fault);
        continue;
      }
      const checked = this.parts.check(value);
      if (checked.fault) this.#refuse(line, checked.fault.field, checked.fault.detail);
      else ready.push({ line, request: checked.request });
    }
    return ready;
  }

  async #write(ready: Ready[]): Promise<void> {
    const results = await this.parts.register(ready.map(({ request }) => request));
    results.forEach((result, index) => {
      if (result.kind !== 'refused') this.report[result.kind] += 1;
      else this.#refuse(ready[index]?.line ?? 0, result.field, result.reason);
    });
  }

  #refuse(line: number, field: string, reason: string): void {
    this.report.refused += 1;
    if (this.report.errors.length < MAX_ERRORS) this.report.errors.push({ line, field, reason });
  }
}

/** Rejects with ImportBroken once anything may have been written. */
export const runImport = async (
  source: AsyncIterable<Buffer>,
  parts: ImportParts,
): Promise<ImportReport> => {
  const running = new Import(parts);
  try {
    for await (const lines of lineGroups(source)) await running.take(lines);
    await running.written();
  } catch (error) {
    // What is being written now counts, too; whether it fails as well changes nothing.
    await running.written().catch(() => undefined);
    throw new ImportBroken(inLineOrder(running.report), error);
  }
  return inLineOrder(running.report);
};

/** Lines are refused when they are read and again when they are written, a group later. */
const inLineOrder = (report: ImportReport): ImportReport => ({
  ...report,
  errors: report.errors.toSorted((left, right) => left.line - right.line),
});
