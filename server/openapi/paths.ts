/** Express's paths as OpenAPI writes them. */

const OPTIONAL = /\{([^}]*)\}/;

/** `/a/:b{/:c}` stands for two paths: without and with the part in braces. */
export const expandedPaths = (path: string): string[] =>
  OPTIONAL.test(path) ? [path.replace(OPTIONAL, ''), path.replace(OPTIONAL, '$1')] : [path];

export const paramNames = (path: string): string[] =>
  [...path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '');

/** `/a/:b` -> `/a/{b}`. */
export const openApiPath = (path: string): string => path.replace(/:(\w+)/g, '{$1}');
