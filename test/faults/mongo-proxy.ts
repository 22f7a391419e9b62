/** Stands between a gateway and mongod, and loses answers to commits: they are made, and nobody hears of it. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { LOOPBACK } from '../../server/embedded-mongo/port.js';

export interface MongoProxy {
  readonly port: number;
  /** The connections of the next so many commits are cut when mongod has answered. */
  loseCommitAnswers(count: number): void;
  close(): Promise<void>;
}

// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
const LENGTH_BYTES = 4;
const REQUEST_ID_AT = 4;
const RESPONSE_TO_AT = 8;
/** Behind the header, the flags, the kind of section, the length of the document and the type of its first element. */
const COMMAND_AT = 16 + 4 + 1 + 4 + 1;
const COMMIT = Buffer.from('commitTransaction\0');

/** Hands on whole messages only. */
const eachMessage = (from: Socket, take: (message: Buffer) => void): void => {
  let rest: Buffer = Buffer.alloc(0);
  from.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= LENGTH_BYTES && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0);
      take(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  });
};

const isCommit = (message: Buffer): boolean =>
  message.subarray(COMMAND_AT, COMMAND_AT + COMMIT.length).equals(COMMIT);

export const startMongoProxy = async (mongodPort: number): Promise<MongoProxy> => {
  const sockets = new Set<Socket>();
  let toLose = 0;
  const server = createServer((gateway) => {
    const mongod = connect(mongodPort, LOOPBACK);
    const losing = new Set<number>();
    const cut = (): void => {
      gateway.destroy();
      mongod.destroy();
      sockets.delete(gateway);
    };
    sockets.add(gateway);
    for (const socket of [gateway, mongod]) socket.on('error', cut).on('close', cut);
    eachMessage(gateway, (message) => {
      if (toLose > 0 && isCommit(message)) {
        toLose -= 1;
        losing.add(message.readInt32LE(REQUEST_ID_AT));
      }
      mongod.write(message);
    });
    eachMessage(mongod, (message) => {
      if (losing.has(message.readInt32LE(RESPONSE_TO_AT))) cut();
      else gateway.write(message);
    });
  });
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    loseCommitAnswers(count) {
      toLose = count;
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
};
