import { expect } from 'chai';
import { Closing } from '../../server/closing.js';
import { temporaryFolders } from '../../test/support/temporary-folder.js';
import { startGorush } from './gorush-process.js';

const SINK = { name: 'none', url: 'https://127.0.0.1:1', ca: 'PEM', pids: [] };

describe('a gorush that is named and is none', function () {
  this.timeout(30_000);
  const folder = temporaryFolders();

  const failureOf = async (path: string): Promise<string> => {
    const closing = new Closing();
    const options = { path, folder: await folder(), pushesAtATime: 1 };
    try {
      await startGorush(options, SINK, closing);
      return 'none';
    } catch (error) {
      return String(error);
    } finally {
      await closing.close(() => undefined);
    }
  };

  it('is refused by name when it cannot be run', async () => {
    expect(await failureOf('/no/such/gorush')).to.equal(
      'Error: --peer gorush: /no/such/gorush cannot be run',
    );
  });

  it('is given up as soon as it has ended without listening', async () => {
    expect(await failureOf('true')).to.equal('Error: gorush did not start');
  });
});
