import { expect } from 'chai';
import { canWait } from './give-way.js';

const mongodbUri = 'mongodb://one:27017/pigeonpost';

describe('a process that gives way to others', () => {
  it('has campaigns alone', () => {
    expect(canWait({ lanes: ['campaign'], mongodbUri })).to.equal(true);
    expect(canWait({ lanes: ['default', 'campaign'], mongodbUri })).to.equal(false);
    expect(canWait({ lanes: ['transactional'], mongodbUri })).to.equal(false);
    expect(canWait({ lanes: [], mongodbUri })).to.equal(false);
  });

  it('runs no mongod, which would give way with it', () => {
    expect(canWait({ lanes: ['campaign'] })).to.equal(false);
  });
});
