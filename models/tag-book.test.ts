import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { registered } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';
import { dbOf } from './database.js';
import { devicesIn } from './device-store.js';
import { createIndexes } from './indexes.js';
import { dropTag, refusedTags, type TagContext } from './tag-book.js';
import { devicesWithTag, tagsInUse } from './tags-in-use.js';

const LIMIT = 5;
const HOUR_MS = 3_600_000;

describe('The tags of an app', () => {
  const db = testDatabase();
  let app = '';
  let apps = 0;
  before(() => createIndexes(db().connection));
  beforeEach(() => {
    apps += 1;
    app = `tags-${apps}`;
  });

  const secret = () => createHash('sha256').update(app).digest();
  const context = (fields: Partial<TagContext> = {}): TagContext => ({
    connection: db().connection,
    app,
    hashSecret: secret(),
    now: new Date(),
    tagsPerApp: LIMIT,
    ...fields,
  });
  const tags = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) => `tag-${from + index}`);
  const refused = async (asked: readonly string[], fields: Partial<TagContext> = {}) => [
    ...(await refusedTags(context(fields), asked)),
  ];
  const device = (token: string, given: string[]) =>
    registered(db().connection, secret(), { app, token, tags: given });
  const laterBy = (ms: number) => ({ now: new Date(Date.now() + ms) });

  it('end at the limit: those that came first stay, one more is refused', async () => {
    expect(await refused(tags(LIMIT + 2))).to.deep.equal(['tag-5', 'tag-6']);
    expect(await refused(tags(LIMIT))).to.deep.equal([]);
    expect(await refused(['another'])).to.deep.equal(['another']);
  });

  it('are counted exactly when many come at once', async () => {
    const all = await Promise.all(tags(20).map((tag) => refused([tag])));
    expect(all.flat()).to.have.lengthOf(20 - LIMIT);
  });

  it('count also when devices had them before there was a limit', async () => {
    await device('a', ['old-1', 'old-2', 'old-3']);
    expect(await refused(['new-1', 'new-2', 'new-3', 'old-1'])).to.deep.equal(['new-3']);
  });

  it('count also when a process died before it had counted a new book', async () => {
    await device('a', ['old-1', 'old-2', 'old-3']);
    const books = dbOf(db().connection).collection<{ _id: string; turn: number }>('tag_books');
    await books.insertOne({ _id: app, turn: 0 });
    expect(await refused(['new-1', 'new-2', 'new-3'])).to.deep.equal(['new-3']);
  });

  it('count also for all of those who come first at once', async () => {
    await device('a', ['old-1', 'old-2', 'old-3']);
    const all = await Promise.all(tags(8).map((tag) => refused([tag])));
    expect(all.flat()).to.have.lengthOf(8 - (LIMIT - 3));
  });

  it('are counted anew by one of those who find the book full', async () => {
    await refused(tags(LIMIT));
    const books = dbOf(db().connection).collection<{ _id: string; turn: number }>('tag_books');
    const turns = async () => (await books.findOne({ _id: app }))?.turn ?? 0;
    const before = await turns();
    const later = laterBy(HOUR_MS);
    const all = await Promise.all(tags(6, 10).map((tag) => refused([tag], later)));
    // Each looks once; one counts, and looks again.
    expect((await turns()) - before).to.equal(6 + 2);
    expect(all.flat()).to.have.lengthOf.at.most(5);
  });

  it('make room when no device has them any more, but not while one may be on its way', async () => {
    await device('a', ['tag-0']);
    await refused(tags(LIMIT));
    expect(await refused(['new'], laterBy(60_000))).to.deep.equal(['new']);
    expect(await refused(tags(5, 10), laterBy(HOUR_MS))).to.deep.equal(['tag-14']);
  });

  it('make room at once when one is dropped', async () => {
    await refused(tags(LIMIT));
    await dropTag(context(), 'tag-3');
    expect(await refused(['new'])).to.deep.equal([]);
    expect(await refused(['tag-3'])).to.deep.equal(['tag-3']);
  });

  it('leave no word of their own in the book', async () => {
    await refused(['secret-of-ada']);
    for (const name of ['tag_books', 'tag_entries']) {
      const stored = await dbOf(db().connection).collection(name).find().toArray();
      expect(stored).not.to.deep.equal([]);
      expect(JSON.stringify(stored)).not.to.include('secret-of-ada');
    }
  });

  it('are listed and counted as devices have them, in the order of their bytes', async () => {
    await device('a', ['b', 'ä', 'Z']);
    await device('b', ['b', '😀', '\uffee']);
    await device('c', []);
    const found: string[] = [];
    for await (const tag of tagsInUse(dbOf(db().connection), app)) found.push(tag);
    expect(found).to.deep.equal(['Z', 'b', 'ä', '\uffee', '😀']);
    expect(await devicesWithTag(dbOf(db().connection), app, 'b')).to.equal(2);
    expect(await devicesWithTag(dbOf(db().connection), app, 'none')).to.equal(0);
    await devicesIn(dbOf(db().connection)).deleteMany({ app });
    expect(await devicesWithTag(dbOf(db().connection), app, 'b')).to.equal(0);
  });
});
