import { expect } from 'chai';
import { mongo } from 'mongoose';
import { testDatabase } from '../test/support/mongo.js';
import { temporaryFolders } from '../test/support/temporary-folder.js';
import { until } from '../test/support/until.js';
import { userCacheDir } from './config.js';
import { findMongod } from './embedded-mongo/find-mongod.js';
import { freePort, isListening } from './embedded-mongo/port.js';
import { superviseProcess } from './embedded-mongo/supervised-process.js';
import { requireReplicaSet, UnfitMongo, unfitBecause } from './require-replica-set.js';

describe('requireReplicaSet', function () {
  this.timeout(60_000);
  const database = testDatabase();
  const folder = temporaryFolders();

  it('accepts a replica set of one node', async () => {
    await requireReplicaSet(database().connection.db!);
  });

  it('refuses a standalone mongod and says how to make it a replica set', async () => {
    const log = { info: () => {}, warn: () => {} };
    const { command } = await findMongod({ cacheDir: userCacheDir(), log });
    const [dbPath, port] = [await folder(), await freePort()];
    const args = ['--dbpath', dbPath, '--port', String(port), '--bind_ip', '127.0.0.1'];
    const standalone = await superviseProcess(command, args, `${dbPath}/log`);
    const client = new mongo.MongoClient(`mongodb://127.0.0.1:${port}/`);
    try {
      await until('it listens', () => isListening(port), { withinMs: 30_000 });
      const error = await requireReplicaSet(client.db('any')).then(
        () => expect.fail('accepted it'),
        (refusal: Error) => refusal,
      );
      expect(error).to.be.instanceOf(UnfitMongo);
      expect(error.message).to.include('standalone').and.include('rs.initiate()');
    } finally {
      await client.close();
      await standalone.stop();
    }
  });
});

describe('unfitBecause', () => {
  it('refuses a server older than 6.0 and names its version', () => {
    expect(unfitBecause({ setName: 'rs0', version: '5.0.31' })).to.include('5.0.31');
    expect(unfitBecause({ setName: 'rs0', version: '6.0.0' })).to.equal(null);
    expect(unfitBecause({ setName: 'rs0', version: '10.0.0' })).to.equal(null);
  });

  it('accepts the router of a sharded cluster, whose shards are replica sets', () => {
    expect(unfitBecause({ msg: 'isdbgrid', version: '8.0.4' })).to.equal(null);
    expect(unfitBecause({ version: '8.0.4' })).to.include('standalone');
  });
});
