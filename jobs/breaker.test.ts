import { expect } from 'chai';
import { Types } from 'mongoose';
import type { Outcome } from '../adapters/adapter.js';
import { type Batch, batches } from '../models/batch.js';
import { claimBatch } from '../models/lease.js';
import { rests, restsOfApp } from '../models/rest.js';
import type { VendorProfile } from '../models/vendor-profile.js';
import { jobContext, someBatch, someTask } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import {
  type Breaker,
  createBreaker,
  FIRST_REST_MS,
  type Heard,
  LONGEST_REST_MS,
} from './breaker.js';
import { type BreakerState, PROBE_PATIENCE_MS } from './breaker-view.js';
import type { JobContext } from './context.js';
import { STORM_MS, STORM_PUSHES } from './storm.js';

const PROFILE = 'shop/sandbox/default';
const OTHER = 'bank/sandbox/default';
const REFUSED: Outcome = {
  kind: 'account-refused',
  reason: 'key-revoked',
  detail: 'The key was revoked: upload another one',
};
const ACCEPTED: Outcome = { kind: 'accepted' };
const TIMEOUT: Outcome = { kind: 'try-later', reason: 'timeout', cause: 'vendor' };

describe('the breaker', () => {
  const database = testDatabase();
  let jobs: JobContext;
  let nowMs: number;
  let changes: BreakerState[];
  let told: number;
  let breaker: Breaker;

  const db = () => jobs.parts.db;
  const process = (hooks: Parameters<typeof createBreaker>[1] = {}): Breaker =>
    createBreaker({ ...jobs.parts, monotonic: () => nowMs }, hooks);
  const settings = async (id: string, revision: number) => {
    const [app = '', vendor = '', profile = ''] = id.split('/');
    await db()
      .collection<VendorProfile>('vendor_profiles')
      .updateOne({ _id: id }, { $set: { app, vendor, profile, revision } }, { upsert: true });
  };
  const hear = (outcomes: Outcome[], change: Partial<Heard> = {}, by = breaker) =>
    by.hear(PROFILE, { outcomes, sentAtMs: nowMs, revision: 1, pass: 'free', ...change });
  const stored = () => rests(db()).findOne({ _id: PROFILE });
  /** Waits as it is told, and is let through. */
  const probe = async (restMs = FIRST_REST_MS): Promise<void> => {
    nowMs += restMs;
    expect(await breaker.admit(PROFILE)).to.equal('probe');
  };
  const add = async (change: Partial<Batch> = {}): Promise<Batch> => {
    const batch = someBatch(someTask(), change);
    await batches(db()).insertOne(batch);
    return batch;
  };
  const claim = () => claimBatch(db(), 'default', 'me', { now: new Date() });
  const now = ({ _id }: Batch) => batches(db()).findOne({ _id });

  beforeEach(async () => {
    jobs = await jobContext(database().connection);
    nowMs = 1_000;
    changes = [];
    told = 0;
    for (const name of ['profile_rests', 'vendor_profiles', 'batches'])
      await db().collection(name).deleteMany({});
    await settings(PROFILE, 1);
    breaker = process({
      changed: (profile, state) => {
        expect(profile).to.equal(PROFILE);
        changes.push(state);
      },
      due: () => void (told += 1),
    });
  });

  it('lets everybody through while nothing is wrong', async () => {
    await hear([ACCEPTED]);
    expect([await breaker.admit(PROFILE), await breaker.admit(PROFILE)]).to.deep.equal([
      'free',
      'free',
    ]);
    expect(await stored()).to.equal(null);
    expect(changes).to.deep.equal([]);
  });

  it('opens with the first refusal, and stores why in words', async () => {
    await hear([ACCEPTED, REFUSED]);
    nowMs += FIRST_REST_MS - 1;
    expect(await breaker.admit(PROFILE)).to.equal('rest');
    expect(await stored()).to.deep.include({
      cause: 'account-refused',
      code: 'key-revoked',
      reason: 'The key was revoked: upload another one',
      probing: false,
    });
    expect(breaker.codeOf(PROFILE)).to.equal('key-revoked');
  });

  it('opens for a vendor that answers nobody', async () => {
    const outcomes = Array.from({ length: STORM_PUSHES }, () => TIMEOUT);
    await hear(outcomes, { sentAtMs: nowMs - STORM_MS });
    expect(await breaker.admit(PROFILE)).to.equal('rest');
    expect(await stored()).to.deep.include({
      cause: 'vendor-trouble',
      code: 'timeout',
      reason: 'The vendor does not answer in time (timeout, 20 pushes in a row)',
    });
  });

  it('leaves other profiles alone', async () => {
    await hear([REFUSED]);
    expect(await breaker.admit('shop/sandbox/debug')).to.equal('free');
    expect(await breaker.admit(OTHER)).to.equal('free');
  });

  it('lets one through after the rest, and nobody else until that one is answered', async () => {
    await hear([REFUSED]);
    await probe();
    expect(await breaker.admit(PROFILE)).to.equal('rest');
    expect(await stored()).to.include({ probing: true });
    expect(changes).to.deep.equal(['open', 'half-open']);
  });

  it('closes with the first answer of the probe', async () => {
    await hear([REFUSED]);
    await probe();
    await hear([{ kind: 'token-gone', reason: 'gone' }], { pass: 'probe' });
    expect(await breaker.admit(PROFILE)).to.equal('free');
    expect(await stored()).to.equal(null);
    expect(changes).to.deep.equal(['open', 'half-open', 'closed']);
    expect(told).to.be.above(0);
  });

  it('neither closes nor rests longer for what was on its way when it opened', async () => {
    await hear([REFUSED]);
    nowMs += FIRST_REST_MS - 1;
    await hear([REFUSED]);
    await hear([ACCEPTED]);
    expect(await breaker.admit(PROFILE)).to.equal('rest');
    nowMs += 1;
    expect(await breaker.admit(PROFILE)).to.equal('probe');
  });

  it('rests longer after each probe that fails, up to a limit', async () => {
    await hear([REFUSED]);
    const lengths = [];
    for (const outcome of Array.from({ length: 9 }, (_, turn) => (turn % 2 ? TIMEOUT : REFUSED))) {
      const { restMs = 0 } = (await stored()) ?? {};
      lengths.push(restMs);
      await probe(restMs);
      await hear([outcome], { pass: 'probe' });
    }
    expect(lengths.slice(0, 4)).to.deep.equal([5_000, 10_000, 20_000, 40_000]);
    expect(lengths.at(-1)).to.equal(LONGEST_REST_MS);
    expect(await stored()).to.include({ cause: 'account-refused', code: 'key-revoked' });
  });

  it('lets the next one ask when the probe was not sent', async () => {
    await hear([REFUSED]);
    await probe();
    await breaker.undecided(PROFILE, 'probe');
    expect(await breaker.admit(PROFILE)).to.equal('probe');
    await hear([{ kind: 'try-later', reason: 'aborted', cause: 'vendor' }], { pass: 'probe' });
    expect(await breaker.admit(PROFILE)).to.equal('probe');
  });

  context('with several processes', () => {
    let second: Breaker;
    beforeEach(() => {
      second = process();
    });

    it('tells the others before they are refused themselves', async () => {
      await hear([REFUSED]);
      expect(await second.admit(PROFILE)).to.equal('free');
      await second.look();
      expect(await second.admit(PROFILE)).to.equal('rest');
    });

    it('has one of them ask', async () => {
      await hear([REFUSED]);
      const others = Array.from({ length: 7 }, () => process());
      await Promise.all(others.map((other) => other.look()));
      nowMs += FIRST_REST_MS;
      const passes = await Promise.all([breaker, ...others].map((each) => each.admit(PROFILE)));
      expect(passes.filter((pass) => pass === 'probe')).to.have.length(1);
      expect(passes.filter((pass) => pass === 'rest')).to.have.length(7);
    });

    it('opens once when all are refused at a time', async () => {
      await Promise.all([hear([REFUSED]), hear([REFUSED], {}, second)]);
      const turn = (await stored())?.turn;
      await breaker.look();
      await second.look();
      nowMs += FIRST_REST_MS;
      expect([await breaker.admit(PROFILE), await second.admit(PROFILE)]).to.have.members([
        'probe',
        'rest',
      ]);
      expect(turn).to.be.instanceOf(Types.ObjectId);
    });

    it('closes for all', async () => {
      await hear([REFUSED]);
      await second.look();
      await probe();
      await hear([ACCEPTED], { pass: 'probe' });
      await second.look();
      expect(await second.admit(PROFILE)).to.equal('free');
    });

    it('has another one ask when the first died of it', async () => {
      await hear([REFUSED]);
      await probe();
      await second.look();
      nowMs += PROBE_PATIENCE_MS - 1;
      expect(await second.admit(PROFILE)).to.equal('rest');
      nowMs += 1;
      expect(await second.admit(PROFILE)).to.equal('probe');
    });
  });

  context('when new settings arrive', () => {
    it('closes, whichever process has stored them', async () => {
      await hear([REFUSED]);
      await settings(PROFILE, 2);
      await breaker.look();
      expect(await breaker.admit(PROFILE)).to.equal('free');
      expect(await stored()).to.equal(null);
      expect(changes).to.deep.equal(['open', 'closed']);
    });

    it('shows nothing of the old ones, even before anybody has looked', async () => {
      await hear([REFUSED]);
      expect([...(await restsOfApp(db(), 'shop')).keys()]).to.deep.equal([PROFILE]);
      await settings(PROFILE, 2);
      expect(await restsOfApp(db(), 'shop')).to.have.property('size', 0);
    });

    it('does not open for what was sent with the old ones', async () => {
      await settings(PROFILE, 2);
      await hear([REFUSED], { revision: 1 });
      expect(await breaker.admit(PROFILE)).to.equal('free');
      expect(await stored()).to.equal(null);
    });
  });

  context('with batches that are due', () => {
    it('puts those of the profile out of the way, and no others', async () => {
      const sick = await Promise.all([add(), add(), add()]);
      const well = await add({ app: 'bank' });
      await hear([REFUSED]);
      expect((await claim())?._id).to.deep.equal(well._id);
      expect(await claim()).to.equal(null);
      expect(await now(sick[0])).to.deep.include({ state: 'due', lastReason: 'key-revoked' });
    });

    it('lets them wait until they expire and no longer', async () => {
      const batch = await add();
      const late = await add({ expiresAt: new Date(Date.now() - 1) });
      await hear([REFUSED]);
      expect((await now(batch))?.notBefore).to.deep.equal(batch.expiresAt);
      expect((await claim())?._id).to.deep.equal(late._id);
    });

    it('makes them due as they were once it closes', async () => {
      const batch = await add({ notBefore: new Date(Date.now() - 60_000) });
      await hear([REFUSED]);
      await settings(PROFILE, 2);
      await breaker.look();
      const again = await now(batch);
      expect(again?.notBefore).to.deep.equal(batch.notBefore);
      expect(again).not.to.have.property('waitsFor');
      expect(told).to.be.above(0);
    });

    it('takes one of them, the oldest, to ask with', async () => {
      await add({ notBefore: new Date(2_000) });
      const oldest = await add({ notBefore: new Date(1_000) });
      await add({ notBefore: new Date(3_000) });
      await hear([REFUSED]);
      await breaker.look();
      expect(await claim()).to.equal(null);
      nowMs += FIRST_REST_MS;
      await breaker.look();
      expect((await claim())?._id).to.deep.equal(oldest._id);
      expect(await claim()).to.equal(null);
    });

    it('lets none wait for ever that was put away while the profile got well', async () => {
      const waitsFor = { profile: PROFILE, dueAt: new Date(1_000) };
      const forgotten = await add({ waitsFor, notBefore: new Date(Date.now() + 3_600_000) });
      await breaker.look();
      expect((await claim())?._id).to.deep.equal(forgotten._id);
    });
  });
});
