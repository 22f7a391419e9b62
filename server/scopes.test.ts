import { expect } from 'chai';
import { SCOPES } from '../models/key.js';
import { type TestApi, testApi } from '../test/support/api.js';
import { directory } from './directory.js';
import { handlerFactory } from './handler.js';
import { type Route, route, routeName } from './route.js';
import { allRoutes } from './routes/index.js';
import { type Access, SCOPE_BY_ROUTE } from './scopes.js';

const SOME_ID = '0123456789abcdef01234567';

const routesOf = ({ parts }: TestApi): Route[] => allRoutes(parts, directory(parts.connection));

/** A path that reaches the route's handler, or at least its validation. */
const pathOf = (path: string, app: string): string =>
  path
    .replace(/\{([^}]*)\}/, '')
    .replace(':app', app)
    .replace(':vendor', 'sandbox')
    .replace(':version', '1')
    .replace(':purpose', 'marketing')
    .replace(/:\w+/g, SOME_ID);

const scopesThatDo = (access: Access): readonly string[] => {
  if (access === 'operator') return [];
  return typeof access === 'string' ? [access] : access;
};

describe('the table of scopes', () => {
  const api = testApi();

  const closedRoutes = () =>
    routesOf(api()).filter((each) => SCOPE_BY_ROUTE[routeName(each)] !== 'open');

  it('has a row for every mounted route, and no other row', () => {
    expect(routesOf(api()).map(routeName).sort()).to.deep.equal(Object.keys(SCOPE_BY_ROUTE).sort());
  });

  it('does not let a route without a row be mounted', () => {
    const { parts } = api();
    const forgotten = route({
      method: 'get',
      path: '/v1/forgotten',
      id: 'getForgotten',
      tag: 'service',
      summary: '',
      answers: {},
      handle: async () => ({ status: 200 }),
    });
    const handlerOf = handlerFactory(parts, directory(parts.connection));
    expect(() => handlerOf(forgotten)).to.throw('GET /v1/forgotten has no row in server/scopes.ts');
  });

  it('lets nobody through without a key', async () => {
    for (const { method, path } of closedRoutes()) {
      const answer = await api().request(method.toUpperCase(), pathOf(path, 'shop'), { key: null });
      expect(answer.status, `${method} ${path}`).to.equal(401);
      expect(answer.headers.get('www-authenticate')).to.equal('Bearer realm="pigeonpost"');
    }
  });

  it('refuses every key that lacks the scope of a route, and names the scope', async () => {
    for (const each of closedRoutes()) {
      const access = SCOPE_BY_ROUTE[routeName(each)]!;
      const enough = scopesThatDo(access);
      for (const scope of SCOPES.filter((other) => !enough.includes(other))) {
        const answer = await api().request(each.method.toUpperCase(), pathOf(each.path, 'shop'), {
          key: api().app.keys[scope],
        });
        expect(answer.status, `${routeName(each)} with ${scope}`).to.equal(403);
        expect(answer.body.code).to.equal('SCOPE_MISSING');
        expect(answer.body.detail).to.include(enough[0] ?? 'the operator key');
      }
    }
  });

  it('lets a key with the scope and no other through', async () => {
    for (const each of closedRoutes()) {
      for (const scope of scopesThatDo(SCOPE_BY_ROUTE[routeName(each)]!)) {
        // A query that no route knows stops every one of them right behind the gate.
        const answer = await api().request(
          each.method.toUpperCase(),
          `${pathOf(each.path, 'shop')}?no-such-field=1`,
          { key: api().app.keys[scope as keyof TestApi['app']['keys']] },
        );
        expect(answer.status, `${routeName(each)} with ${scope}`).to.equal(422);
      }
    }
  });

  it("shows nothing of another app to an app's key, whatever its scopes", async () => {
    const other = await api().createApp('rival');
    for (const each of closedRoutes()) {
      if (SCOPE_BY_ROUTE[routeName(each)] === 'operator') continue;
      const method = each.method.toUpperCase();
      const answer = each.path.includes(':app')
        ? await api().request(method, pathOf(each.path, 'shop'), { key: other.key })
        : await api().request(method, pathOf(each.path, ''), {
            key: other.key,
            headers: { 'x-app': 'shop' },
          });
      expect(answer.status, routeName(each)).to.equal(404);
      expect(answer.body.code).to.equal('NOT_FOUND');
    }
  });
});
