import { expect } from 'chai';
import { Types } from 'mongoose';
import type { RegistrationRequest } from '../../models/bulk-registration.js';
import { LINES_AT_A_TIME } from './lines.js';
import { ndjsonReader } from './rows.js';
import { ImportBroken, MAX_ERRORS, runImport } from './run-import.js';

const LINE = Buffer.from('{}\n'.repeat(LINES_AT_A_TIME / 4));

async function* groups(count: number): AsyncGenerator<Buffer> {
  for (let chunk = 0; chunk < count * 4; chunk += 1) yield LINE;
}

const request: RegistrationRequest = { vendor: 'fcm', profile: 'default', token: 't' };
const created = (requests: readonly unknown[]) =>
  requests.map(() => ({ kind: 'created' as const, id: new Types.ObjectId() }));

const parts = {
  read: ndjsonReader(),
  check: () => ({ request }),
  register: async (requests: RegistrationRequest[]) => created(requests),
};

describe('An import', () => {
  it('reads one group ahead of the one that is written, and no further', async () => {
    let read = 0;
    let written = 0;
    let ahead = 0;
    async function* counted(): AsyncGenerator<Buffer> {
      for await (const chunk of groups(12)) {
        read += LINES_AT_A_TIME / 4;
        ahead = Math.max(ahead, read - written);
        yield chunk;
      }
    }
    const report = await runImport(counted(), {
      ...parts,
      register: async (requests) => {
        // Everything that could be read meanwhile has been, once the event loop has turned a few times.
        for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
        written += requests.length;
        return created(requests);
      },
    });
    expect(report.created).to.equal(12 * LINES_AT_A_TIME);
    expect(ahead).to.be.within(LINES_AT_A_TIME + 1, 3 * LINES_AT_A_TIME);
  });

  it('never writes two groups at once, so that later lines win', async () => {
    let writing = 0;
    let most = 0;
    await runImport(groups(5), {
      ...parts,
      register: async (requests) => {
        writing += 1;
        most = Math.max(most, writing);
        await new Promise(setImmediate);
        writing -= 1;
        return created(requests);
      },
    });
    expect(most).to.equal(1);
  });

  it('tells the first errors and counts them all', async () => {
    const report = await runImport(groups(3), {
      ...parts,
      check: () => ({ fault: { field: 'token', detail: 'Is required' } }),
    });
    expect(report.refused).to.equal(3 * LINES_AT_A_TIME);
    expect(report.errors).to.have.lengthOf(MAX_ERRORS);
    expect(report.errors[0]).to.deep.equal({ line: 1, field: 'token', reason: 'Is required' });
    expect(report.errors.at(-1)?.line).to.equal(MAX_ERRORS);
  });

  it('tells what was done when the stream breaks', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield* groups(2);
      throw new Error('cut');
    }
    const outcome = await runImport(broken(), parts).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(ImportBroken);
    expect((outcome as ImportBroken).report.created).to.equal(2 * LINES_AT_A_TIME);
    expect((outcome as ImportBroken).cause).to.have.property('message', 'cut');
  });

  it('stops reading when writing fails, and counts only what was written', async () => {
    let calls = 0;
    const outcome = await runImport(groups(50), {
      ...parts,
      register: async (requests) => {
        calls += 1;
        if (calls === 2) throw new Error('no database');
        return created(requests);
      },
    }).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(ImportBroken);
    expect((outcome as ImportBroken).report.created).to.equal(LINES_AT_A_TIME);
    expect((outcome as ImportBroken).cause).to.have.property('message', 'no database');
    expect(calls).to.equal(2);
  });
});
