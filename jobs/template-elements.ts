/** What a parsed text of a template consists of, whichever of its branches is taken. */

/** What the text makes of a value. */
export type PlaceholderKind = 'text' | 'number' | 'date';

/** https://formatjs.github.io/docs/icu-messageformat-parser: the types of its elements. */
const KIND_BY_TYPE: Readonly<Record<number, PlaceholderKind>> = {
  1: 'text',
  2: 'number',
  3: 'date',
  4: 'date',
  5: 'text',
  6: 'number',
};

/** Numbers, dates and times: what has a style or a skeleton. */
const STYLED: ReadonlySet<number> = new Set([2, 3, 4]);

export interface Element {
  readonly type: number;
  readonly value?: unknown;
  readonly options?: Readonly<Record<string, { readonly value: readonly Element[] }>>;
}

/** With those of every branch. */
export const flattened = (elements: readonly Element[]): Element[] =>
  elements.flatMap((element) => [
    element,
    ...Object.values(element.options ?? {}).flatMap(({ value }) => flattened(value)),
  ]);

export const styledOf = (flat: readonly Element[]): Element[] =>
  flat.filter(({ type }) => STYLED.has(type));

export interface Placeholders {
  /** A value that is a number in one place is one everywhere. */
  readonly kinds: ReadonlyMap<string, PlaceholderKind>;
  /** One that is a date in one place and something else in another: no value is both. */
  readonly mixed: string | undefined;
}

export const placeholdersIn = (flat: readonly Element[]): Placeholders => {
  const kinds = new Map<string, PlaceholderKind>();
  let mixed: string | undefined;
  for (const { type, value } of flat) {
    const kind = KIND_BY_TYPE[type];
    if (kind == null || typeof value !== 'string') continue;
    const known = kinds.get(value);
    if (known != null && known !== kind && [known, kind].includes('date')) mixed ??= value;
    if (known == null || known === 'text') kinds.set(value, kind);
  }
  return { kinds, mixed };
};
