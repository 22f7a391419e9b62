import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import { LOOPBACK } from '../server/embedded-mongo/port.js';
import { openConnection } from '../server/open-connection.js';
import { testMongoUri } from '../test/support/mongo.js';

/** More than the buffers of the system take in. */
const LARGE = 'x'.repeat(12_000_000);

interface Narrow {
  readonly uri: string;
  /** The sockets on which the driver has connected. */
  readonly opened: readonly Socket[];
  /** Takes nothing more from the driver. */
  clog(): void;
  close(): void;
}

/** A way to the mongod of the tests. */
const narrowWay = async (): Promise<Narrow> => {
  const { port } = new URL(await testMongoUri());
  const opened: Socket[] = [];
  const server = net.createServer((driver) => {
    const mongod = net.connect(Number(port), LOOPBACK);
    opened.push(driver);
    driver.on('error', () => mongod.destroy()).pipe(mongod);
    mongod.on('error', () => driver.destroy()).pipe(driver);
  });
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  return {
    uri: `mongodb://${LOOPBACK}:${(server.address() as AddressInfo).port}/?directConnection=true`,
    opened,
    clog: () => {
      for (const socket of opened) socket.unpipe().pause();
    },
    close: () => {
      for (const socket of opened) socket.destroy();
      server.close();
    },
  };
};

describe('commands of the driver', function () {
  this.timeout(60_000);

  it('are not lost on a socket that has just been destroyed', async () => {
    const { createConnection } = net;
    const sockets: Socket[] = [];
    net.createConnection = ((...args: Parameters<typeof createConnection>) => {
      const socket = createConnection(...args);
      sockets.push(socket);
      return socket;
    }) as typeof createConnection;
    const connection = openConnection(await testMongoUri(), () => undefined);
    try {
      await connection.asPromise();
      const { db } = connection;
      await db?.command({ ping: 1 });
      for (const socket of sockets) socket.destroy();
      // The close of a socket is told in a later turn of the event loop.
      const inTime = AbortSignal.timeout(20_000);
      const answer = await Promise.race([
        db?.collection('any').findOne({}),
        once(inTime, 'abort').then(() => 'lost'),
      ]);
      expect(answer).to.equal(null);
    } finally {
      net.createConnection = createConnection;
      await connection.close();
    }
  });

  it('fail when their connection is closed before all of them has left', async () => {
    const way = await narrowWay();
    const connection = openConnection(way.uri, () => undefined);
    try {
      await connection.asPromise();
      const { db } = connection;
      await db?.command({ ping: 1 });
      way.clog();
      const writing = db?.command({ ping: 1, comment: LARGE });
      const failed = writing?.then(
        () => 'answered',
        (error: Error) => error.name,
      );
      // It is on its way once the driver has written it.
      await new Promise((resolve) => setImmediate(resolve));
      await connection.close(true);
      const inTime = AbortSignal.timeout(20_000);
      const outcome = await Promise.race([failed, once(inTime, 'abort').then(() => 'lost')]);
      expect(outcome).to.match(/^Mongo.*Error$/);
    } finally {
      way.close();
    }
  });
});
