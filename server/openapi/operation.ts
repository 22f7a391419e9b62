/** One route as an OpenAPI operation. */
import type { Description, ObjectSchema } from 'joi';
import { type AnswerDoc, type Route, routeName } from '../route.js';
import { type Access, accessOf } from '../scopes.js';
import { type JsonSchema, jsonSchema } from './json-schema.js';
import { paramNames } from './paths.js';
import { problemAnswers } from './problem-answers.js';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
  readonly example?: unknown;
}

const IDEMPOTENCY_KEY: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same request with the same key creates once within 24 hours',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
};

const APP_HEADER: Parameter = {
  name: 'X-App',
  in: 'header',
  required: false,
  description: 'The app that the operator key speaks for',
  schema: { type: 'string' },
};

const paramsOf = (route: Route, path: string): Parameter[] => {
  const properties = (route.params ? jsonSchema(route.params).properties : {}) as Record<
    string,
    JsonSchema
  >;
  return paramNames(path).map((name) => {
    const schema = properties[name];
    if (schema == null) throw new Error(`${routeName(route)} has no schema for :${name}`);
    return { name, in: 'path', required: true, schema };
  });
};

const queryOf = (query: ObjectSchema, examples: Readonly<Record<string, string>>): Parameter[] => {
  const { properties = {}, required = [] } = jsonSchema(query) as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
  };
  const described = query.describe().keys as Record<string, Description>;
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    // An example is text, as it stands in the URL; its schema knows it as a number.
    ...(examples[name] == null
      ? {}
      : { example: described[name]?.type === 'number' ? Number(examples[name]) : examples[name] }),
    schema,
  }));
};

const bodyOf = ({ body, documentedBody = body, streams, example }: Route) => {
  const schema = documentedBody && jsonSchema(documentedBody);
  const streamed = Object.entries(streams ?? {}).map(([type, content]) => [
    type,
    { schema: jsonSchema(content.schema), example: content.example },
  ]);
  const content = {
    ...(schema && { 'application/json': { schema, example: example?.body ?? {} } }),
    ...(Object.fromEntries(streamed) as Record<string, unknown>),
  };
  if (Object.keys(content).length === 0) return {};
  // A body of optional fields may be missing altogether.
  return { requestBody: { required: streams != null || schema?.required != null, content } };
};

const answerOf = ({ description, schema, example, content }: AnswerDoc) => {
  const json = schema && { schema: jsonSchema(schema), ...(example == null ? {} : { example }) };
  const others = Object.entries(content ?? {}).map(([type, other]) => [
    type,
    { ...other, schema: jsonSchema(other.schema) },
  ]);
  const all = {
    ...(json && { 'application/json': json }),
    ...(Object.fromEntries(others) as Record<string, unknown>),
  };
  return {
    description,
    headers: { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } },
    ...(Object.keys(all).length === 0 ? {} : { content: all }),
  };
};

const securityOf = (access: Access): unknown[] => {
  if (access === 'open') return [];
  if (typeof access === 'string') return [{ key: [access] }];
  return access.map((scope) => ({ key: [scope] }));
};

/** `path` is one of the route's expanded paths. */
export const operation = (route: Route, path: string, id: string): Record<string, unknown> => {
  const access = accessOf(routeName(route));
  const isOfApp = access !== 'open' && access !== 'operator';
  const parameters = [
    ...paramsOf(route, path),
    ...(route.query ? queryOf(route.query, route.example?.query ?? {}) : []),
    ...(isOfApp && !path.includes(':app') ? [APP_HEADER] : []),
    ...(route.creates ? [IDEMPOTENCY_KEY] : []),
  ];
  const answers = Object.entries(route.answers).map(([status, answer]) => [
    status,
    answerOf(answer),
  ]);
  return {
    operationId: id,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description == null ? {} : { description: route.description }),
    security: securityOf(access),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...bodyOf(route),
    responses: {
      ...(Object.fromEntries(answers) as Record<string, unknown>),
      ...problemAnswers(route),
    },
  };
};
