import { expect } from 'chai';
import type { RegistrationRequest } from '../models/bulk-registration.js';
import { dbOf } from '../models/database.js';
import { createIndexes } from '../models/indexes.js';
import { commandsOf } from '../test/support/commands.js';
import { testDatabase } from '../test/support/mongo.js';
import type { DeviceContext } from './device-context.js';
import { createRegistrar } from './registrar.js';

describe('registrations that come at the same time', () => {
  const database = testDatabase();
  const register = createRegistrar();

  before(() => createIndexes(database().connection));

  const context = (change: Partial<DeviceContext> = {}): DeviceContext => ({
    connection: database().connection,
    app: 'shop',
    by: 'key-1',
    now: new Date(),
    hashSecret: Buffer.alloc(32, 7),
    devicesPerAccount: 100,
    ...change,
  });
  const request = (
    token: string,
    change: Partial<RegistrationRequest> = {},
  ): RegistrationRequest => ({ vendor: 'sandbox', profile: 'default', token, ...change });
  const devices = () => dbOf(database().connection).collection('devices');
  const commits = async (work: () => Promise<unknown>): Promise<number> => {
    const commands = commandsOf(database().connection);
    await work();
    commands.stop();
    return commands.named('commitTransaction').length;
  };

  it('share a transaction, and each gets its own device', async () => {
    const tokens = Array.from({ length: 30 }, (_, index) => `sandbox-accept-many-${index}`);
    const ids: string[] = [];
    const made = await commits(async () => {
      const results = await Promise.all(tokens.map((token) => register(context(), request(token))));
      for (const result of results) {
        expect(result.kind).to.equal('created');
        if (result.kind !== 'refused') ids.push(result.id.toHexString());
      }
    });
    expect(made).to.equal(1);
    expect(new Set(ids).size).to.equal(30);
    expect(await devices().countDocuments({ token: { $in: tokens } })).to.equal(30);
  });

  it('of one token end as one device', async () => {
    const results = await Promise.all(
      Array.from({ length: 10 }, () => register(context(), request('sandbox-accept-same'))),
    );
    const ids = results.flatMap((result) => (result.kind === 'refused' ? [] : [String(result.id)]));
    expect(ids).to.have.lengthOf(10);
    expect(new Set(ids).size).to.equal(1);
    expect(await devices().countDocuments({ token: 'sandbox-accept-same' })).to.equal(1);
  });

  it('keep apart what came with different keys or for different apps', async () => {
    const consent = { push: 'granted' as const };
    await Promise.all([
      register(context(), request('sandbox-accept-a', { consent })),
      register(context({ by: 'key-2' }), request('sandbox-accept-b', { consent })),
      register(context({ app: 'bank' }), request('sandbox-accept-a', { consent })),
    ]);
    const stored = await devices()
      .find({ token: { $in: ['sandbox-accept-a', 'sandbox-accept-b'] } })
      .toArray();
    expect(stored.map(({ app }) => String(app)).sort()).to.deep.equal(['bank', 'shop', 'shop']);
    const history = dbOf(database().connection).collection('consent_records');
    const of = async (by: string) => history.countDocuments({ by, app: 'shop' });
    expect([await of('key-1'), await of('key-2')]).to.deep.equal([1, 1]);
  });
});
