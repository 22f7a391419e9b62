/** Which problems a route may answer, as OpenAPI responses. */
import { PROBLEMS, type ProblemCode, problemType } from '../problems.js';
import { type Route, routeName } from '../route.js';
import { accessOf } from '../scopes.js';

const ALWAYS: readonly ProblemCode[] = ['MALFORMED_REQUEST', 'INTERNAL', 'STORAGE_UNAVAILABLE'];
const WITH_KEY: readonly ProblemCode[] = ['UNAUTHENTICATED', 'SCOPE_MISSING'];
const WITH_BODY: readonly ProblemCode[] = [
  'MALFORMED_JSON',
  'BODY_TOO_LARGE',
  'MEDIA_TYPE_UNSUPPORTED',
  'BODY_ENCODING_UNSUPPORTED',
];
const CREATING: readonly ProblemCode[] = ['IDEMPOTENCY_KEY_INVALID', 'IDEMPOTENCY_KEY_REUSED'];

/** All codes that a route may answer with, those that follow from its nature first. */
export const problemsOf = (route: Route): ProblemCode[] => {
  const access = accessOf(routeName(route));
  const isOfApp = access !== 'open' && access !== 'operator';
  return [
    ...new Set<ProblemCode>([
      ...ALWAYS,
      ...(access === 'open' ? [] : WITH_KEY),
      ...(isOfApp ? (['NOT_FOUND', 'APP_NOT_NAMED'] as const) : []),
      ...(route.body == null ? [] : WITH_BODY),
      'VALIDATION_FAILED',
      ...(route.creates ? CREATING : []),
      ...(route.problems ?? []),
    ]),
  ];
};

const example = (code: ProblemCode) => ({
  value: { type: problemType(code), ...PROBLEMS[code], code, requestId: 'an-id-for-the-log' },
});

const answerOf = (codes: readonly ProblemCode[]) => ({
  description: codes.map((code) => `${code}: ${PROBLEMS[code].title}`).join('. '),
  content: {
    'application/problem+json': {
      schema: {
        allOf: [
          { $ref: '#/components/schemas/Problem' },
          { type: 'object', properties: { code: { enum: codes } } },
        ],
      },
      examples: Object.fromEntries(codes.map((code) => [code, example(code)])),
    },
  },
});

/** Responses by status. */
export const problemAnswers = (route: Route): Record<string, unknown> => {
  const codesByStatus = new Map<number, ProblemCode[]>();
  for (const code of problemsOf(route)) {
    const { status } = PROBLEMS[code];
    codesByStatus.set(status, [...(codesByStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...codesByStatus].map(([status, codes]) => [status, answerOf(codes)]));
};
