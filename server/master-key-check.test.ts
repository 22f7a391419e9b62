import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { secretBox } from '../models/secret-box.js';
import { testDatabase } from '../test/support/mongo.js';
import { checkMasterKey, WrongMasterKey } from './master-key-check.js';

describe('checkMasterKey', () => {
  const database = testDatabase();
  const box = () => secretBox(randomBytes(32));
  const db = () => database().connection.db!;
  const kept = () => db().collection('gateway').find().toArray();

  afterEach(() => db().collection('gateway').deleteMany({}));

  it('accepts the first master key, and the same one ever after', async () => {
    const first = box();
    await checkMasterKey(db(), first);
    const left = await kept();
    await checkMasterKey(db(), first);
    expect(left).to.have.length(1);
    expect(await kept()).to.deep.equal(left);
  });

  it('refuses another master key, says what to do, and leaves the check value alone', async () => {
    await checkMasterKey(db(), box());
    const left = await kept();
    const error = await checkMasterKey(db(), box()).then(
      () => expect.fail('accepted it'),
      (refusal: Error) => refusal,
    );
    expect(error).to.be.instanceOf(WrongMasterKey);
    expect(error.message).to.include('PIGEONPOST_MASTER_KEY').and.include('master.key');
    expect(await kept()).to.deep.equal(left);
  });

  it('accepts one key of several that come first at once', async () => {
    const tries = await Promise.allSettled([1, 2, 3, 4].map(() => checkMasterKey(db(), box())));
    expect(tries.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    expect(await kept()).to.have.length(1);
  });
});
