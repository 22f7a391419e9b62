import { expect } from 'chai';
import { Closing } from './closing.js';

const closing = () => {
  const order: string[] = [];
  const failures: string[] = [];
  const all = new Closing();
  const add = (name: string, error?: Error) =>
    all.add(name, async () => {
      order.push(name);
      if (error) throw error;
    });
  return { all, add, order, failures, close: () => all.close((name) => failures.push(name)) };
};

describe('closing what was started', () => {
  it('stops what was started in reverse order, once, whoever asks', async () => {
    const { add, close, order, failures } = closing();
    await add('mongod');
    await add('gateway');
    await Promise.all([close(), close()]);
    await close();
    expect(order).to.deep.equal(['gateway', 'mongod']);
    expect(failures).to.deep.equal([]);
  });

  it('stops the others when one cannot be stopped, and tells which', async () => {
    const { add, close, order, failures } = closing();
    await add('mongod');
    await add('gateway', new Error('stuck'));
    await close();
    expect(order).to.deep.equal(['gateway', 'mongod']);
    expect(failures).to.deep.equal(['gateway']);
  });

  it('stops at once what is started too late', async () => {
    const { add, close, order } = closing();
    await close();
    const late = await add('gateway').catch((error: Error) => error.message);
    expect(late).to.match(/being stopped/);
    expect(order).to.deep.equal(['gateway']);
  });
});
