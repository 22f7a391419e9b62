import { expect } from 'chai';
import { type mongo, Types } from 'mongoose';
import { testDatabase } from '../test/support/mongo.js';
import { consentRecordModel, consentRecordsIn, consentRecordsOf } from './consent-record.js';
import { dbOf } from './database.js';

const NOW = new Date('2026-11-22T10:00:00Z');
const RECORDS = 1_201;

describe('The history of consent of an app', () => {
  const database = testDatabase();
  const db = () => dbOf(database().connection);

  before(async () => {
    await consentRecordModel(database().connection).createIndexes();
    const record = (app: string, index: number) => ({
      _id: new Types.ObjectId(),
      app,
      device: new Types.ObjectId(),
      consent: { push: 'granted' as const, purposes: {} },
      cause: 'import' as const,
      by: 'test',
      // As an import writes them: many at one instant.
      at: new Date(NOW.getTime() + Math.floor(index / 500)),
    });
    const apps = ['shop', 'bank'];
    await consentRecordsIn(db()).insertMany(
      apps.flatMap((app) => Array.from({ length: RECORDS }, (_, index) => record(app, index))),
    );
  });

  it('is read whole from any place on, each record once', async () => {
    const seen: string[] = [];
    let after: { at: Date; id: Types.ObjectId } | undefined;
    for (;;) {
      const stretch = { limit: 250, ...(after == null ? {} : { after }) };
      const page = [];
      for await (const record of consentRecordsOf(db(), { app: 'shop' }, stretch))
        page.push(record);
      const last = page.at(-1);
      if (last == null) break;
      expect(page.every(({ app }) => app === 'shop')).to.equal(true);
      seen.push(...page.map(({ _id }) => _id.toHexString()));
      after = { at: last.at, id: last._id };
    }
    expect(new Set(seen).size).to.equal(RECORDS);
    expect(seen).to.have.lengthOf(RECORDS);
  });

  it('is read in the order of an index, without being sorted', async () => {
    const after = { at: NOW, id: new Types.ObjectId() };
    for (const stretch of [{}, { after }, { after, limit: 100 }]) {
      const records = consentRecordsOf(db(), { app: 'shop', from: NOW }, stretch);
      const plan = await (records as unknown as mongo.FindCursor).explain('queryPlanner');
      const stages = JSON.stringify(plan.queryPlanner.winningPlan);
      expect(stages)
        .to.match(/IXSCAN/)
        .and.not.match(/COLLSCAN|"SORT"/);
    }
  });
});
