/** What is remembered of pushes, and that memory stays bounded. */
import { expect } from 'chai';
import type { Push } from './exchange.js';
import { Records } from './records.js';

const push = (token: string, changes: Partial<Push> = {}): Push => ({
  token,
  answer: 'accepted',
  accepted: true,
  delivered: true,
  shows: {},
  ...changes,
});

const request = (headers: Record<string, string> = {}) => ({
  path: '/send',
  headers,
  body: () => ({ a: 1 }),
});

describe('the records of a simulator', () => {
  it('keep counters of every token when whole records have been dropped', () => {
    const records = new Records({ pushRecords: 3, requestRecords: 1 }, () => 0);
    for (const token of ['a', 'b', 'a', 'c', 'a']) records.add([push(token)], request());
    expect([...records.list()].map(({ token }) => token)).to.deep.equal(['a', 'c', 'a']);
    expect([...records.list('a')]).to.have.length(2);
    expect([...records.list('b')]).to.have.length(0);
    expect(records.countsOf('b')).to.include({ received: 1, delivered: 1 });
    expect([...records.list()].map(({ request: kept }) => kept != null)).to.deep.equal([
      false,
      false,
      true,
    ]);
    expect(records.counts()).to.include({ requests: 5, received: 5, tokens: 3 });
  });

  it('keep nothing but counters when told so', () => {
    const records = new Records({ pushRecords: 0, requestRecords: 0 }, () => 0);
    records.add([push('a')], { ...request(), body: () => expect.fail('the body is not read') });
    expect([...records.list()]).to.deep.equal([]);
    expect(records.countsOf('a')).to.include({ received: 1 });
  });

  it('hold no credential', () => {
    const records = new Records({}, () => 0);
    records.add([push('a')], request({ authorization: 'Bearer x', 'push-type': '0' }));
    expect([...records.list()][0]?.request?.headers).to.deep.equal({ 'push-type': '0' });
  });

  it('say when a push came, and count what a person sees', () => {
    const records = new Records({}, () => 1_000);
    records.add([push('a', { shows: { replaces: 'x' } })], request());
    records.add([push('a', { shows: { replaces: 'x' } })], request());
    records.add([push('a', { shows: { replaces: 'y' }, delivered: false })], request());
    expect([...records.list()][0]).to.include({ at: '1970-01-01T00:00:01.000Z', shown: true });
    expect(records.countsOf('a')).to.include({ received: 3, delivered: 2, shown: 1 });
  });

  it('know a token that nobody named', () => {
    const records = new Records({}, () => 0);
    expect(records.countsOf('a')).to.deep.equal({
      token: 'a',
      received: 0,
      accepted: 0,
      delivered: 0,
      shown: 0,
    });
  });

  it('know what is on the screen now', () => {
    const records = new Records({}, Date.now);
    const on = (token: string) => records.screenOf(token).map(({ id }) => id);
    records.add([push('a', { id: '1', shows: { replaces: 'x' } })], request());
    records.add([push('a', { id: '2', shows: {} })], request());
    records.add([push('a', { id: '3', shows: { replaces: 'x' } })], request());
    expect(on('a'), 'the newer of one name').to.deep.equal(['3', '2']);
    records.add([push('a', { id: '4', shows: { replaces: 'm', place: 'p' } })], request());
    records.add([push('a', { id: '5', shows: { replaces: 'm', place: 'p' } })], request());
    expect(on('a'), 'a repeat that the device drops').to.deep.equal(['3', '2', '4']);
    records.add([{ ...push('a', { clears: 'p' }), delivered: false }], request());
    expect(on('a'), 'a revocation that did not arrive').to.have.lengthOf(3);
    const revoked = {
      token: 'a',
      answer: 'accepted',
      accepted: true,
      delivered: true,
      clears: 'p',
    };
    records.add([revoked], request());
    expect(on('a')).to.deep.equal(['3', '2']);
    expect(records.screenOf('nobody')).to.deep.equal([]);
  });
});
