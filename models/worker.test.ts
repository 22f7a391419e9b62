import { expect } from 'chai';
import { testDatabase } from '../test/support/mongo.js';
import { dbOf } from './database.js';
import { lanesServed, signIn, signOut, WORKERS, type Worker } from './worker.js';

describe('workers', () => {
  const database = testDatabase();
  const db = () => dbOf(database().connection);
  const seenSecondsAgo = (owner: string, seconds: number) =>
    db()
      .collection<Worker>(WORKERS)
      .updateOne({ _id: owner }, [
        {
          $set: {
            seenAt: { $dateSubtract: { startDate: '$$NOW', unit: 'second', amount: seconds } },
          },
        },
      ]);

  it('serve what they say, until they sign out or were not seen for a minute', async () => {
    expect([...(await lanesServed(db()))]).to.deep.equal([]);
    await signIn(db(), 'one', ['default', 'transactional']);
    await signIn(db(), 'two', ['default', 'campaign']);
    expect([...(await lanesServed(db()))]).to.have.members([
      'default',
      'transactional',
      'campaign',
    ]);
    await signOut(db(), 'one');
    expect([...(await lanesServed(db()))]).to.have.members(['default', 'campaign']);
    await seenSecondsAgo('two', 50);
    expect((await lanesServed(db())).size).to.equal(2);
    await seenSecondsAgo('two', 70);
    expect((await lanesServed(db())).size).to.equal(0);
    await signIn(db(), 'two', ['campaign']);
    expect([...(await lanesServed(db()))]).to.deep.equal(['campaign']);
  });
});
