import { type SpecData, Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from 'chai';
import joi from 'joi';
import { Registry } from 'prom-client';
import { loadVendors } from '../../adapters/index.js';
import { type ApiAnswer, type TestApi, testApi } from '../../test/support/api.js';
import { examplePath } from '../../test/support/api-examples.js';
import { buildApp } from '../app.js';
import { directory } from '../directory.js';
import { type Route, routeName } from '../route.js';
import { allRoutes } from '../routes/index.js';
import { accessOf } from '../scopes.js';
import { jsonSchema } from './json-schema.js';
import { expandedPaths, openApiPath } from './paths.js';

interface Content {
  readonly schema: Record<string, unknown>;
  readonly example?: unknown;
  readonly examples?: Record<string, { value: unknown }>;
}
interface Operation {
  readonly operationId: string;
  readonly requestBody?: { content: Record<string, Content> };
  readonly responses: Record<string, { content?: Record<string, Content> }>;
}
interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, Record<string, unknown>> };
}

const routesOf = ({ parts }: TestApi): Route[] => allRoutes(parts, directory(parts.connection));

/** Methods and paths as Express holds them. */
const mountedOf = ({ parts }: TestApi): string[] =>
  buildApp({ ...parts, metrics: new Registry() }).router.stack.flatMap(({ route }) => {
    const methods = route == null ? [] : [...new Set(route.stack.map(({ method }) => method))];
    // The answer 405 is mounted for all methods at once.
    if (route == null || methods.length > 1) return [];
    return expandedPaths(route.path).map((path) => `${methods[0]} ${openApiPath(path)}`);
  });

describe('/openapi.json', () => {
  const api = testApi({ vendors: loadVendors() });
  let document: Document;
  let validates: (schema: Record<string, unknown>, value: unknown) => string | undefined;

  before('fetch it', async () => {
    document = (await api().request('GET', '/openapi.json', { key: null })).body as Document;
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(ajv);
    ajv.addFormat('base64', true);
    ajv.addSchema({ $id: 'doc:', components: document.components });
    const compiled = new Map<string, ReturnType<typeof ajv.compile>>();
    validates = (schema, value) => {
      const absolute = JSON.stringify(schema).replaceAll('"#/components', '"doc:#/components');
      const validate =
        compiled.get(absolute) ?? ajv.compile(JSON.parse(absolute) as Record<string, unknown>);
      compiled.set(absolute, validate);
      return validate(value) ? undefined : ajv.errorsText(validate.errors);
    };
  });

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ method, path, operation })),
    );

  it('is a valid OpenAPI 3.1 document', async () => {
    const result = await new Validator().validate(structuredClone(document) as unknown as SpecData);
    expect(result.errors ?? []).to.deep.equal([]);
    expect(result.valid).to.equal(true);
  });

  it('has every mounted route, and no other', () => {
    const documented = operations().map(({ method, path }) => `${method} ${path}`);
    expect(documented.sort()).to.deep.equal(mountedOf(api()).sort());
  });

  it('names every operation once', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(ids).to.deep.equal([...new Set(ids)]);
  });

  it('has examples that fit their own schemas', () => {
    for (const { method, path, operation } of operations()) {
      const bodies = [operation.requestBody, ...Object.values(operation.responses)];
      for (const [type, content] of bodies.flatMap((body) => Object.entries(body?.content ?? {}))) {
        const examples = [
          ...('example' in content ? [content.example] : []),
          ...Object.values(content.examples ?? {}).map(({ value }) => value),
        ];
        for (const example of examples) {
          expect(validates(content.schema, example), `${method} ${path} ${type}`).to.equal(
            undefined,
          );
        }
      }
    }
  });

  it('has an example for every answer with a body', () => {
    for (const { method, path, operation } of operations()) {
      if (operation.operationId === 'getOpenApi') continue;
      for (const { content } of Object.values(operation.responses)) {
        for (const [type, each] of Object.entries(content ?? {})) {
          expect(each, `${method} ${path} ${type}`).to.have.any.keys('example', 'examples');
        }
      }
    }
  });

  const send = async (
    route: Route,
    path: string,
    body: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<ApiAnswer> => {
    const isOperators = accessOf(routeName(route)) === 'operator';
    return api().request(route.method.toUpperCase(), await examplePath(api(), route, path), {
      ...(isOperators ? { key: api().operatorKey } : {}),
      ...body,
    });
  };

  const expectDocumented = (route: Route, path: string, answer: ApiAnswer): void => {
    const name = `${route.method} ${path}: ${answer.text.slice(0, 500)}`;
    expect(answer.status, name).to.be.below(300);
    const operation = document.paths[openApiPath(path)]?.[route.method];
    const documented = operation?.responses[answer.status];
    expect(documented, name).to.not.equal(undefined);
    if (documented?.content == null) {
      expect(answer.text, name).to.equal('');
      return;
    }
    const [type = ''] = (answer.headers.get('content-type') ?? '').split(';');
    const content = documented.content[type];
    expect(content, `${name} as ${type}`).to.not.equal(undefined);
    expect(validates(content!.schema, answer.body ?? answer.text), name).to.equal(undefined);
  };

  it('has examples that work as they stand, and tells how their answers look', async () => {
    for (const route of routesOf(api())) {
      for (const path of expandedPaths(route.path)) {
        if (route.streams == null) {
          const body = route.body == null ? {} : { body: route.example?.body ?? {} };
          expectDocumented(route, path, await send(route, path, body));
        }
        for (const [type, { example }] of Object.entries(route.streams ?? {})) {
          const headers = { 'content-type': type };
          expectDocumented(route, path, await send(route, path, { body: example, headers }));
        }
      }
    }
  });

  it('tells how problems look', async () => {
    const problem = document.components.schemas.Problem!;
    for (const [method, path, body] of [
      ['GET', '/nowhere', undefined],
      ['POST', '/v1/tasks', '{'],
      ['POST', '/v1/tasks', { audience: { tags: '(' }, message: { title: 'x' } }],
      ['POST', '/v1/tasks', { audience: { tokens: [7] } }],
    ] as const) {
      const answer = await api().request(method, path, { body });
      expect(answer.status).to.be.at.least(400);
      expect(validates(problem, answer.body), answer.text).to.equal(undefined);
    }
  });

  it('tells the rules between fields, as the schemas that validate have them', () => {
    const content = document.paths['/v1/tasks']?.post?.requestBody?.content['application/json'];
    const { schema } = content!;
    const message = { title: 'x' };
    const isValid = (value: unknown) => validates(schema, value) === undefined;
    expect(isValid({ audience: { all: true }, message })).to.equal(true);
    expect(isValid({ audience: {}, message })).to.equal(false);
    expect(isValid({ audience: { all: true, tags: 'vip' }, message })).to.equal(false);
    const both = { ttlSeconds: 60, expiresAt: '2027-01-01T00:00:00Z' };
    expect(isValid({ audience: { all: true }, message, ...both })).to.equal(false);
    expect(isValid({ audience: { all: true }, message, extra: 1 })).to.equal(false);
  });
});

describe('the JSON Schema of a joi schema', () => {
  const RULES = {
    xor: { a: true, b: true, ab: false, none: false },
    or: { a: true, b: true, ab: true, none: false },
    and: { a: false, b: false, ab: true, none: true },
    nand: { a: true, b: true, ab: false, none: true },
    oxor: { a: true, b: true, ab: false, none: true },
  } as const;
  const VALUES = { a: { a: 1 }, b: { b: 1 }, ab: { a: 1, b: 1 }, none: {} };

  for (const [rule, allowed] of Object.entries(RULES)) {
    it(`agrees with joi about ${rule}, at the top and inside of lists`, () => {
      const inner = joi
        .object({ a: joi.number(), b: joi.number() })
        [rule as keyof typeof RULES]('a', 'b');
      const outer = joi.object({ list: joi.array().items(inner) });
      const ajv = new Ajv2020({ strict: false });
      for (const [name, value] of Object.entries(VALUES)) {
        const isAllowed = allowed[name as keyof typeof allowed];
        expect(inner.validate(value).error == null, name).to.equal(isAllowed);
        expect(ajv.validate(jsonSchema(inner), value), name).to.equal(isAllowed);
        expect(ajv.validate(jsonSchema(outer), { list: [value] }), name).to.equal(isAllowed);
      }
    });
  }
});
