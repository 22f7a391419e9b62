import { expect } from 'chai';
import type { mongo } from 'mongoose';
import { batches } from '../../models/batch.js';
import { dbOf } from '../../models/database.js';
import { ensureDeliveries } from '../../models/delivery.js';
import { testApi } from '../../test/support/api.js';
import { addBooked } from '../../test/support/books.js';
import { SOME_DELIVERIES } from '../../test/support/job-context.js';

describe('POST /v1/books/check', () => {
  const api = testApi();
  const db = (): mongo.Db => dbOf(api().connection);
  const check = (body: object) =>
    api().request('POST', '/v1/books/check', { key: api().operatorKey, body });

  before(async () => {
    await ensureDeliveries(db(), SOME_DELIVERIES);
    for (let index = 0; index < 4; index += 1) await addBooked(db());
    const { task } = await addBooked(db());
    await batches(db()).updateOne(
      { task: task._id, vendor: '' },
      { $set: { counts: { 'suppressed:erased': 1 } } },
    );
  });

  const checkAll = async (body: object) => {
    const findings: { kind: string; mended?: string }[] = [];
    let tasks = 0;
    for (let cursor: string | undefined, isFirst = true; isFirst || cursor != null; ) {
      isFirst = false;
      const { status, body: answer } = await check({ ...body, ...(cursor && { cursor }) });
      expect(status).to.equal(200);
      findings.push(...answer.findings);
      tasks += answer.checked.tasks;
      expect(answer.checked.tasks).to.be.at.most(2);
      cursor = answer.nextCursor;
    }
    return { findings, tasks };
  };
  const wrong = (findings: readonly { kind: string }[]): string[] =>
    findings.map(({ kind }) => kind).filter((kind) => kind !== 'no-worker');

  it('tells page by page what is wrong, changes nothing, and mends it when it is told to', async () => {
    for (const fix of [false, true]) {
      const { findings, tasks } = await checkAll({ limit: 2, fix });
      expect(tasks).to.equal(5);
      expect(wrong(findings)).to.deep.equal(['rows-differ']);
      expect(findings.filter(({ mended }) => mended != null)).to.have.length(fix ? 1 : 0);
    }
    expect(wrong((await checkAll({ limit: 2 })).findings)).to.deep.equal([]);
  });

  it('says that no worker runs, for this process only takes requests', async () => {
    const { body } = await check({});
    expect(body.findings).to.have.length(1);
    expect(body.findings[0]).to.include({ kind: 'no-worker', level: 'notice', mendable: false });
  });

  it('refuses a cursor that is none, and keys of an app', async () => {
    const { status, body } = await check({ cursor: 'bm93aGVyZQ' });
    expect([status, body.code]).to.deep.equal([422, 'VALIDATION_FAILED']);
    const { status: refused } = await api().request('POST', '/v1/books/check', { body: {} });
    expect(refused).to.equal(403);
  });
});
