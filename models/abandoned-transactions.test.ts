import { expect } from 'chai';
import mongoose, { type ClientSession, type Connection } from 'mongoose';
import { testDatabase } from '../test/support/mongo.js';
import { until } from '../test/support/until.js';
import { endAbandonedTransactions } from './abandoned-transactions.js';

const IDLE_MS = 50;

describe('abandoned transactions', () => {
  const database = testDatabase();
  const opened: Connection[] = [];
  const sessions: ClientSession[] = [];

  const connect = async (appName?: string): Promise<Connection> => {
    const named = appName == null ? {} : { appName };
    const connection = await mongoose.createConnection(database().uri, named).asPromise();
    opened.push(connection);
    return connection;
  };
  /** Whoever began it never comes back. */
  const abandon = async (connection: Connection, name: string): Promise<ClientSession> => {
    const session = await connection.startSession();
    sessions.push(session);
    session.startTransaction();
    await connection.collection('locked').insertOne({ name }, { session });
    return session;
  };
  const endOf = (session: ClientSession): Promise<string> =>
    session.commitTransaction().then(
      () => 'committed',
      () => 'aborted',
    );

  before(() => database().connection.createCollection('locked'));
  after(async () => {
    for (const session of sessions) await session.endSession();
    for (const connection of opened) await connection.close();
  });

  it('are ended once they have been idle for long', async () => {
    const left = await abandon(await connect('ours'), 'left');
    const other = await connect('ours');
    await until('it is idle for long', async () => {
      return (await endAbandonedTransactions(other, IDLE_MS)) === 1;
    });
    expect(await endOf(left)).to.equal('aborted');
    expect(await endAbandonedTransactions(other, 0)).to.equal(0);
  });

  it('are left alone when they are young, of another application, or of nobody we know', async () => {
    const ours = await connect('ours');
    const young = await abandon(ours, 'young');
    const foreign = await abandon(await connect('theirs'), 'foreign');
    const nameless = await connect();
    const unnamed = await abandon(nameless, 'unnamed');
    expect(await endAbandonedTransactions(ours, 60_000)).to.equal(0);
    expect(await endAbandonedTransactions(nameless, 0)).to.equal(0);
    expect(await endOf(young)).to.equal('committed');
    expect(await endAbandonedTransactions(ours, 0)).to.equal(0);
    expect(await endOf(foreign)).to.equal('committed');
    expect(await endOf(unnamed)).to.equal('committed');
  });
});
