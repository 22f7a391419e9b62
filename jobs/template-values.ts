/** The placeholders of a template, and who gives them their values. */
import type { Problem } from '../adapters/adapter.js';
import type { Audience, TaskMessage, TaskTemplate } from '../models/task.js';
import type { PlaceholderKind } from './template-elements.js';
import { fits, givenFor, patternOf, renderText, tryStyles, type Values } from './template-text.js';

interface PlacedText {
  readonly field: string;
  readonly locale: string;
  readonly text: string;
}

const textsOf = ({ title, body, localized, template }: TaskMessage): PlacedText[] => {
  const found: PlacedText[] = [];
  const add = (field: string, locale: string, text: string | undefined): void => {
    if (text != null) found.push({ field, locale, text });
  };
  add('message.title', template?.locale ?? '', title);
  add('message.body', template?.locale ?? '', body);
  for (const [locale, texts] of Object.entries(localized ?? {})) {
    add(`message.localized.${locale}.title`, locale, texts.title);
    add(`message.localized.${locale}.body`, locale, texts.body);
  }
  return found;
};

const invalid = (field: string, detail: string): Problem => ({
  code: 'MESSAGE_INVALID',
  field,
  detail,
});

/** What the parser says: a word in capitals, and where. */
interface Fault {
  readonly message?: string;
  readonly location?: { readonly start: { readonly offset: number } };
}

const FILLERS: Readonly<Record<Exclude<PlaceholderKind, 'text'>, string>> = {
  number: '1000',
  date: '2027-12-31T12:00:00Z',
};

const fillerOf = (name: string, kind: PlaceholderKind): string =>
  kind === 'text' ? name : FILLERS[kind];

/** With every branch of it: which one is taken is up to the values of a device. */
const writeOnce = (text: string, language: Pick<TaskTemplate, 'locale' | 'timeZone'>): void => {
  const { placeholders } = patternOf(text, language.locale, language.timeZone);
  const values = [...placeholders].map(([name, kind]) => [name, fillerOf(name, kind)] as const);
  const data = Object.fromEntries(values);
  tryStyles(text, language, data);
  renderText(text, language, data);
};

const MIXED = 'is a date in one place of the text and something else in another';

/** Throws what the library says of the text. */
const mixedIn = (text: string, { locale, timeZone }: Pick<TaskTemplate, 'locale' | 'timeZone'>) =>
  patternOf(text, locale, timeZone).mixed;

/** Texts that are no patterns or cannot be written, and locales that nobody knows. */
export const unreadable = (message: TaskMessage): Problem[] =>
  textsOf(message).flatMap(({ field, locale, text }) => {
    const language = { locale, timeZone: message.template?.timeZone ?? 'UTC' };
    try {
      const mixed = mixedIn(text, language);
      if (mixed != null) return [invalid(field, `The placeholder ${mixed} ${MIXED}`)];
      writeOnce(text, language);
      return [];
    } catch (error) {
      const { message: fault = '', location } = error as Fault;
      return location == null
        ? [
            invalid(
              field,
              `Cannot be written: the locale ${locale}, a style or a skeleton is not known`,
            ),
          ]
        : [
            invalid(
              field,
              `Is no ICU message: ${fault} at character ${location.start.offset} (a literal { is written '{')`,
            ),
          ];
    }
  });

/** In every locale; a number or a date in one text is one in all of them. */
export const placeholdersOf = (message: TaskMessage): Map<string, PlaceholderKind> => {
  const found = new Map<string, PlaceholderKind>();
  const { template } = message;
  if (template == null) return found;
  for (const { locale, text } of textsOf(message)) {
    for (const [name, kind] of patternOf(text, locale, template.timeZone).placeholders) {
      const known = found.get(name);
      if (known == null || known === 'text') found.set(name, kind);
    }
  }
  return found;
};

/** `data`, and something for each placeholder that neither it nor a default fills. */
export const filled = (message: TaskMessage, data: Values): Values => {
  const values: Record<string, string> = { ...data };
  const given = { ...message.data, ...data };
  for (const [name, kind] of placeholdersOf(message)) {
    if (givenFor(name, given, message.template?.defaults) != null) continue;
    values[name] = fillerOf(name, kind);
  }
  return values;
};

const MOST_PLACEHOLDERS = 100;

/** Of a text with more of them than anybody could give values to: `data` has no more names. */
export const tooMany = (message: TaskMessage): Problem[] =>
  placeholdersOf(message).size <= MOST_PLACEHOLDERS
    ? []
    : [invalid('message', `Has more than ${MOST_PLACEHOLDERS} different placeholders`)];

export interface CheckValues {
  /** Stands for what only accounts of the audience say. */
  readonly data: Values;
  /** Placeholders for which nobody has a value. */
  readonly problems: readonly Problem[];
}

/** Who is told of a value: the fields of a request differ. */
export type Asker = 'task' | 'template' | 'preview';

const fieldOf = (asker: Asker, name: string, isDefault: boolean): string => {
  if (asker === 'preview') return `data.${name}`;
  return asker === 'template' && isDefault ? `defaults.${name}` : `message.data.${name}`;
};

/** Not which of them: one account's value decides about nobody but its devices. */
const anyAccountHas = (audience: Audience, name: string, kind: PlaceholderKind): boolean =>
  'accounts' in audience &&
  audience.accounts.some((item) => {
    const value = givenFor(name, item.data ?? {}, undefined);
    return value != null && fits(value, kind);
  });

/**
 * Nobody's value for a placeholder refuses the task; what only some accounts lack is decided for each device. Attributes of
 * devices would be asked for here, too.
 */
export const valuesToCheck = (
  message: TaskMessage,
  audience: Audience,
  asker: Asker = 'task',
): CheckValues => {
  const data: Record<string, string> = {};
  const problems: Problem[] = [];
  const ofTask = message.data ?? {};
  for (const [name, kind] of placeholdersOf(message)) {
    const given = givenFor(name, ofTask, message.template?.defaults);
    if (given != null && fits(given, kind)) continue;
    if (anyAccountHas(audience, name, kind)) {
      data[name] = fillerOf(name, kind);
      continue;
    }
    const isDefault = given != null && !Object.hasOwn(ofTask, name);
    const detail =
      given == null ? `The template needs a ${kind} here, and has no default` : `Must be a ${kind}`;
    problems.push(invalid(fieldOf(asker, name, isDefault), detail));
  }
  return { data, problems };
};
