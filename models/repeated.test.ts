import { expect } from 'chai';
import { mongo } from 'mongoose';
import { repeated } from './repeated.js';

const STEPPED_DOWN = new mongo.MongoServerError({
  message: 'operation was interrupted',
  code: 11602,
});
const CONFLICT = new mongo.MongoServerError({ message: 'the index has other options', code: 85 });

describe('repeated work', () => {
  let times = 0;
  const failing = (error: Error, most: number) => async (): Promise<number> => {
    times += 1;
    if (times <= most) throw error;
    return times;
  };

  beforeEach(() => {
    times = 0;
  });

  it('is done once when nothing is wrong', async () => {
    expect(await repeated(failing(STEPPED_DOWN, 0))).to.equal(1);
  });

  it('is done again while a primary is elected', async () => {
    expect(await repeated(failing(STEPPED_DOWN, 3), { everyMs: 1 })).to.equal(4);
  });

  it('is given up when the trouble lasts', async () => {
    const patience = { everyMs: 1, withinMs: 20 };
    const error = await repeated(failing(STEPPED_DOWN, 1e9), patience).catch((e: unknown) => e);
    expect(error).to.equal(STEPPED_DOWN);
    expect(times).to.be.above(1);
  });

  it('is not done again when another try would end the same way', async () => {
    const error = await repeated(failing(CONFLICT, 1)).catch((e: unknown) => e);
    expect(error).to.equal(CONFLICT);
    expect(times).to.equal(1);
  });
});
