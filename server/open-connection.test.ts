import { expect } from 'chai';
import type { mongo } from 'mongoose';
import { testMongoUri } from '../test/support/mongo.js';
import { openConnection } from './open-connection.js';

describe('openConnection', function () {
  this.timeout(60_000);

  it('waits for a majority and reads from the primary, whatever the URI says', async () => {
    const uri = `${await testMongoUri()}&w=1&journal=false&readPreference=secondary&retryWrites=false`;
    const connection = await openConnection(`${uri}&monitorCommands=true`, (error) => {
      throw error;
    }).asPromise();
    try {
      const started: mongo.CommandStartedEvent[] = [];
      connection.getClient().on('commandStarted', (event) => started.push(event));
      const collection = connection.useDb('test_open_connection').collection('any');
      await collection.insertOne({});
      await collection.findOne({});
      await connection.useDb('test_open_connection').dropDatabase();
      const [insert, find] = started.map(({ command }) => command);
      expect(insert?.['writeConcern']).to.include({ w: 'majority' });
      expect(insert, 'a retryable write').to.include.keys('txnNumber');
      expect(find?.['$readPreference']?.mode ?? 'primary').to.equal('primary');
    } finally {
      await connection.close();
    }
  });
});
