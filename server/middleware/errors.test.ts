import { expect } from 'chai';
import { MongooseError, mongo, Error as mongooseErrors } from 'mongoose';
import { TaskRefused, TaskStateConflict } from '../../jobs/engine.js';
import { problemOf } from './errors.js';

const serverError = (code: number): Error => new mongo.MongoServerError({ message: 'x', code });

const labelled = (label: string): Error => {
  const error = new mongo.MongoServerError({ message: 'x', code: 112 });
  error.addErrorLabel(label);
  return error;
};

describe('what an error means to a caller', () => {
  const TROUBLE: Record<string, Error> = {
    'a broken connection': new mongo.MongoNetworkError('x'),
    'no server to be found': new mongo.MongoServerSelectionError('x', {} as never),
    'a closed client': new mongo.MongoNotConnectedError('x'),
    'a server that is not primary any more': serverError(10107),
    'a server that shuts down': serverError(91),
    'a primary that steps down': serverError(189),
    'a transaction that never got through': labelled('TransientTransactionError'),
    'a commit nobody knows the result of': labelled('UnknownTransactionCommitResult'),
    'a connection that never came up': new mongooseErrors.MongooseServerSelectionError('x'),
    'an operation that waited for a connection': new MongooseError(
      'Operation `tasks.findOne()` buffering timed out after 10000ms',
    ),
  };
  for (const [name, error] of Object.entries(TROUBLE)) {
    it(`is 503 with Retry-After for ${name}`, () => {
      const { code, status, options } = problemOf(error);
      expect([code, status]).to.deep.equal(['STORAGE_UNAVAILABLE', 503]);
      expect(options.headers).to.have.property('Retry-After');
    });
  }

  for (const [name, error] of Object.entries({
    'a duplicate key that nobody expected': serverError(11000),
    'a query that MongoDB does not understand': serverError(2),
    'a mistake of ours': new TypeError('x is undefined'),
    'a refusal that we met ourselves as a client': Object.assign(new Error('x'), { status: 401 }),
    'something that is no error': 'oops',
    'nothing at all': undefined,
  })) {
    it(`is INTERNAL, without detail, for ${name}`, () => {
      const { code, options } = problemOf(error);
      expect([code, options]).to.deep.equal(['INTERNAL', {}]);
    });
  }

  it('names the fields of a refused task, and has the status of its first problem', () => {
    const { code, status, options } = problemOf(
      new TaskRefused([
        { code: 'PAYLOAD_TOO_LARGE', field: 'message.body', detail: 'Payload is 5000 bytes' },
        { code: 'MESSAGE_INVALID', field: 'message.image', detail: 'Must be public' },
      ]),
    );
    expect([code, status]).to.deep.equal(['PAYLOAD_TOO_LARGE', 413]);
    expect(options.errors).to.deep.equal([
      { field: 'message.body', detail: 'Payload is 5000 bytes' },
      { field: 'message.image', detail: 'Must be public' },
    ]);
  });

  it('tells the state that is in the way of a verb', () => {
    const { code, options } = problemOf(new TaskStateConflict('done', 'pause'));
    expect(code).to.equal('TASK_STATE_CONFLICT');
    expect(options.members).to.deep.equal({ state: 'done' });
  });
});
