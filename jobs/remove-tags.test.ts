import { expect } from 'chai';
import { appModel } from '../models/app.js';
import { newAppSecrets, openHashSecret } from '../models/app-secrets.js';
import { dbOf } from '../models/database.js';
import { devicesIn } from '../models/device-store.js';
import { refusedTags } from '../models/tag-book.js';
import { askForRemoval, removalOf, removePiece, type TagRemoval } from '../models/tag-removal.js';
import { devicesWithTag } from '../models/tags-in-use.js';
import { registered } from '../test/support/engine.js';
import { jobContext } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import type { JobContext } from './context.js';
import { removeTags } from './remove-tags.js';
import { sweep } from './sweep.js';

const DEVICES = 60;

describe('The deletion of a tag', () => {
  const database = testDatabase();
  let jobs: JobContext;
  let hashSecret: Buffer;
  let made = 0;

  before(async () => {
    jobs = await jobContext(database().connection);
    const created = await appModel(database().connection).create({
      _id: 'shop',
      name: 'shop',
      ...newAppSecrets(jobs.parts.secretBox, 'shop').sealed,
      createdAt: new Date(),
    });
    hashSecret = openHashSecret(jobs.parts.secretBox, created.toObject());
  });
  beforeEach(async () => {
    await devicesIn(db()).deleteMany({});
    await db().collection('tag_removals').deleteMany({});
  });

  const db = () => dbOf(database().connection);
  const device = (tags: string[], app = 'shop') => {
    made += 1;
    return registered(database().connection, hashSecret, { app, token: `t-${made}`, tags });
  };
  const fleet = () => Promise.all(Array.from({ length: DEVICES }, () => device(['old', 'kept'])));
  const ask = (tag = 'old') => askForRemoval(db(), { app: 'shop', tag, now: new Date() });
  const now = async ({ _id }: TagRemoval) => {
    const removal = await removalOf(db(), 'shop', _id);
    if (removal == null) throw new Error('It is not known any more');
    return removal;
  };
  const count = (tag: string, app = 'shop') => devicesWithTag(db(), app, tag);
  const piece = (removal: TagRemoval, most: number) =>
    removePiece(database().connection, removal, { most, now: new Date() });

  it('is carried out by the sweep, and takes nothing else', async () => {
    await fleet();
    await device(['old'], 'neighbour');
    const removal = await ask();
    await sweep(jobs);
    expect(await now(removal)).to.include({ state: 'done', devices: DEVICES });
    expect((await now(removal)).endedAt).to.be.instanceOf(Date);
    expect(await count('old')).to.equal(0);
    expect(await count('kept')).to.equal(DEVICES);
    expect(await count('old', 'neighbour')).to.equal(1);
  });

  it('ends at once for a tag that no device has', async () => {
    const removal = await ask('unknown');
    await sweep(jobs);
    expect(await now(removal)).to.include({ state: 'done', devices: 0 });
  });

  it('is continued where another left it, and counts each device once', async () => {
    await fleet();
    const removal = await ask();
    expect(await piece(removal, 25)).to.equal(false);
    expect(await now(removal)).to.include({ state: 'running', devices: 25 });
    expect(await count('old')).to.equal(DEVICES - 25);
    await sweep(jobs);
    expect(await now(removal)).to.include({ state: 'done', devices: DEVICES });
  });

  it('counts each device once when several do it at a time', async () => {
    await fleet();
    const removal = await ask();
    const work = async (): Promise<void> => {
      while (!(await piece(removal, 7)));
    };
    await Promise.all([work(), work(), work()]);
    expect(await now(removal)).to.include({ state: 'done', devices: DEVICES });
    expect(await count('old')).to.equal(0);
  });

  it('leaves what comes behind it, until it is asked for again', async () => {
    await fleet();
    const removal = await ask();
    await piece(removal, DEVICES);
    const [first] = await devicesIn(db()).find({ app: 'shop' }).sort({ _id: 1 }).toArray();
    await devicesIn(db()).updateOne({ _id: first!._id }, { $push: { tags: 'old' } });
    const again = await ask();
    expect(again._id.equals(removal._id)).to.equal(true);
    await sweep(jobs);
    expect(await now(removal)).to.include({ state: 'done', devices: DEVICES + 1 });
    expect((await ask())._id.equals(removal._id)).to.equal(false);
  });

  it('gives way to the rest of a sweep after a while, and goes on in the next', async () => {
    await fleet();
    const [first, second] = [await ask('old'), await ask('kept')];
    await removeTags(jobs, { withinMs: 0 });
    expect((await now(first)).devices).to.equal(DEVICES);
    expect(await now(second)).to.include({ state: 'running', devices: 0 });
    await removeTags(jobs);
    expect((await now(first)).state).to.equal('done');
    expect((await now(second)).state).to.equal('done');
  });

  it('makes room for another tag at once', async () => {
    const context = {
      connection: database().connection,
      app: 'shop',
      hashSecret,
      now: new Date(),
      tagsPerApp: 2,
    };
    await refusedTags(context, ['old', 'kept']);
    await fleet();
    expect([...(await refusedTags(context, ['new']))]).to.deep.equal(['new']);
    await ask();
    await sweep(jobs);
    expect([...(await refusedTags(context, ['new']))]).to.deep.equal([]);
    expect([...(await refusedTags(context, ['newer']))]).to.deep.equal(['newer']);
  });
});
