import { expect } from 'chai';
import { testDatabase } from '../../test/support/mongo.js';
import { startReplicaSet } from './replica-set.js';

describe('startReplicaSet', () => {
  const database = testDatabase();
  const version = async (): Promise<unknown> => {
    const admin = database().connection.db?.admin();
    return ((await admin?.command({ replSetGetConfig: 1 })) as { config: { version: number } })
      .config.version;
  };

  it('leaves alone a mongod that is not the one it was meant for', async () => {
    const before = await version();
    const error = await startReplicaSet(
      Number(new URL(database().uri).port),
      '/other/data',
      1000,
    ).then(
      () => expect.fail('configured it'),
      (refusal: Error) => refusal,
    );
    expect(error.message).to.equal('Another mongod has the port');
    expect(await version()).to.equal(before);
  });
});
