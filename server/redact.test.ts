import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { Types } from 'mongoose';
import { redact } from './redact.js';

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(redact(value)));

describe('redact', () => {
  for (const name of [
    'token',
    'tokens',
    'deviceToken',
    'device_token',
    'x-api-key',
    'Authorization',
    'private_key',
    'hashSecret',
    'accountProof',
    'passphrase',
    'set-cookie',
    'body',
    'title',
    'data',
    'payload',
    'key',
  ]) {
    it(`hides what is called ${name}, at any depth and of any type`, () => {
      const seen = JSON.stringify(
        redact({ [name]: 'hush', a: [{ [name]: ['hush'] }, { [name]: { x: 'hush' } }] }),
      );
      expect(seen).not.to.include('hush');
      expect(seen.match(/\[redacted\]/g)).to.have.length(3);
    });
  }

  it('hides a push message, but not the message of an error or of a line', () => {
    const seen = plain({
      message: { title: 'hush' },
      error: new Error('lost'),
      nested: { message: 'x' },
    });
    expect(seen).to.deep.include({ message: '[redacted]', nested: { message: 'x' } });
    expect(seen).to.have.nested.property('error.message', 'lost');
  });

  it('shows counts, flags and ids', () => {
    const id = new Types.ObjectId();
    const at = new Date(0);
    expect(plain({ tokens: 5000, token: null, keyId: 'k1', id, at, n: 7n })).to.deep.equal({
      tokens: 5000,
      token: null,
      keyId: 'k1',
      id: id.toHexString(),
      at: at.toISOString(),
      n: '7',
    });
  });

  it('shows bytes as their number only', () => {
    expect(plain({ hash: randomBytes(32) })).to.deep.equal({ hash: '[32 bytes]' });
  });

  it('shows an error with its stack, its causes and what it was given, all cleaned', () => {
    const secret = randomBytes(32).toString('hex');
    const cause = Object.assign(new Error(`inner ${secret}`), {
      config: { headers: { Authorization: secret } },
    });
    const seen = plain(Object.assign(new Error(`outer ${secret}`, { cause }), { code: 'E1' }));
    expect(seen).to.have.property('code', 'E1');
    expect(seen).to.have.nested.property('cause.message', 'inner [redacted]');
    expect(seen)
      .to.have.property('stack')
      .that.includes('outer [redacted]')
      .and.includes('redact.test');
    expect(JSON.stringify(seen)).not.to.include(secret);
  });

  it('shows all errors of an AggregateError', () => {
    const seen = plain(new AggregateError([new Error('one'), new Error('two')], 'both'));
    expect(seen).to.have.nested.property('errors[1].message', 'two');
  });

  it('closes cycles and shows a value twice that stands twice', () => {
    const shared = { x: 1 };
    const loop: Record<string, unknown> = { a: shared, b: shared };
    loop.self = loop;
    expect(plain(loop)).to.deep.equal({ a: { x: 1 }, b: { x: 1 }, self: '[circular]' });
    const error: Error = new Error('self');
    error.cause = error;
    expect(plain(error)).to.have.property('cause', '[circular]');
  });

  it('bounds depth, members and size', () => {
    let deep: unknown = 'end';
    for (let i = 0; i < 1_000; i += 1) deep = { deep };
    expect(JSON.stringify(redact(deep)).length).to.be.below(200);
    const wide = Array.from({ length: 100_000 }, (_, i) => ({ a: 'x y '.repeat(10_000), b: i }));
    expect(JSON.stringify(redact(wide)).length).to.be.below(60_000);
    expect(JSON.stringify(redact(Object.fromEntries(wide.entries()))).length).to.be.below(60_000);
  });

  it('hides tokens that are the names of members, in objects and in maps', () => {
    const token = randomBytes(32).toString('hex');
    const seen = JSON.stringify(
      redact({ o: { [token]: 1 }, m: new Map([[token, 1]]), s: new Set([token]) }),
    );
    expect(seen).not.to.include(token);
  });

  it('survives members that throw', () => {
    const hostile = {
      get bad(): string {
        throw new Error('no');
      },
      json: {
        toJSON: () => {
          throw new Error('no');
        },
      },
      proxy: new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('no');
          },
        },
      ),
      good: 1,
    };
    expect(plain(hostile)).to.deep.equal({
      bad: '[unreadable]',
      json: '[unreadable]',
      proxy: '[unreadable]',
      good: 1,
    });
  });

  it('makes JSON of anything', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withDate: true,
          withMap: true,
          withSet: true,
          withBigInt: true,
          withNullPrototype: true,
          withTypedArray: true,
          withSparseArray: true,
        }),
        (value) => {
          expect(() => JSON.stringify(redact(value))).not.to.throw();
        },
      ),
    );
  });
});
