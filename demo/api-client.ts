/** Speaks to the gateway like any backend: JSON over HTTP with a key. */

export interface Api {
  get<Answer>(path: string): Promise<Answer>;
  getText(path: string): Promise<string>;
  post<Answer>(path: string, body: unknown): Promise<Answer>;
  put<Answer>(path: string, body: unknown): Promise<Answer>;
  delete(path: string): Promise<void>;
  /** A body that is not JSON. */
  upload<Answer>(path: string, type: string, body: Buffer<ArrayBuffer>): Promise<Answer>;
}

/** The gateway said no; `code` is the problem's stable code. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    request: string,
    readonly status: number,
    readonly code: string | undefined,
    detail: string,
  ) {
    super(`${request} answered ${status}: ${detail}`);
  }
}

interface Problem {
  code?: string;
  title?: string;
  detail?: string;
  errors?: { field: string; detail: string }[];
}

const toError = async (request: string, reply: Response): Promise<ApiError> => {
  const text = await reply.text();
  let problem: Problem = {};
  try {
    problem = JSON.parse(text) as Problem;
  } catch {
    // Not one of ours: the status says enough.
  }
  const fields = (problem.errors ?? []).map(({ field, detail }) => `${field}: ${detail}`);
  const words = [problem.title, problem.detail, ...fields].filter(Boolean).join('; ');
  return new ApiError(request, reply.status, problem.code, words || 'no explanation');
};

/** `url`: `http://host:port`; every method rejects with ApiError for an answer that is not 2xx. */
export const apiClient = (url: string, key: string): Api => {
  const request = async (
    method: string,
    path: string,
    content: { type?: string; body?: string | Buffer<ArrayBuffer> } = {},
  ): Promise<Response> => {
    const { type, body } = content;
    const reply = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(type == null ? {} : { 'content-type': type }),
      },
      ...(body == null ? {} : { body }),
    });
    if (!reply.ok) throw await toError(`${method} ${path}`, reply);
    return reply;
  };
  const json = (body: unknown) => ({ type: 'application/json', body: JSON.stringify(body) });
  const read = async <Answer>(reply: Promise<Response>): Promise<Answer> =>
    (await (await reply).json()) as Answer;

  return {
    get: (path) => read(request('GET', path)),
    getText: async (path) => (await request('GET', path)).text(),
    post: (path, body) => read(request('POST', path, json(body))),
    put: (path, body) => read(request('PUT', path, json(body))),
    delete: async (path) => void (await request('DELETE', path)),
    upload: (path, type, body) => read(request('POST', path, { type, body })),
  };
};
