import { expect } from 'chai';
import { mongo } from 'mongoose';
import { isMongoTrouble } from './mongo-trouble.js';

const bulk = (cause: Error | { message: string; code: number }): Error =>
  new mongo.MongoBulkWriteError(cause, {} as mongo.BulkWriteResult);

describe('isMongoTrouble', () => {
  it('knows a database that is away, also behind a bulk write', () => {
    const away = new mongo.MongoNetworkError('connection closed', {});
    const steppedDown = new mongo.MongoServerError({ message: 'not primary', code: 10_107 });
    for (const error of [away, steppedDown]) {
      expect(isMongoTrouble(error), error.message).to.equal(true);
      expect(isMongoTrouble(bulk(error)), `bulk: ${error.message}`).to.equal(true);
    }
  });

  it('knows a write that a majority does not have', () => {
    const reply = { ok: 1, writeConcernError: { code: 11_602, errmsg: 'stepped down' } };
    expect(isMongoTrouble(new mongo.MongoWriteConcernError(reply))).to.equal(true);
    const denied = new mongo.MongoServerError({ message: 'not enough members', code: 100 });
    expect(isMongoTrouble(denied)).to.equal(true);
  });

  it('knows a socket that broke under a command', () => {
    const ended = Object.assign(new Error('ended by the other party'), { code: 'EPIPE' });
    const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET', syscall: 'read' });
    const clientGone = Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
    expect([ended, reset, clientGone].map(isMongoTrouble)).to.deep.equal([true, true, false]);
  });

  it('does not mistake a mistake of ours for it', () => {
    expect(isMongoTrouble(bulk({ message: 'duplicate key', code: 11_000 }))).to.equal(false);
    expect(isMongoTrouble(new TypeError('undefined is not a function'))).to.equal(false);
  });
});
