/** The placeholders of a template, and who gives them their values. */
import type { Problem } from '../adapters/adapter.js';
import type { Audience, TaskMessage, TaskTemplate } from '../models/task.js';
import {
  fits,
  givenFor,
  type PlaceholderKind,
  patternOf,
  renderText,
  type Values,
} from './template-text.js';

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

/** Some faults of styles and skeletons are found only when a text is written. */
const writeOnce = (text: string, language: Pick<TaskTemplate, 'locale' | 'timeZone'>): void => {
  const { placeholders } = patternOf(text, language.locale, language.timeZone);
  const values = [...placeholders].map(([name, kind]) => [name, fillerOf(name, kind)] as const);
  renderText(text, language, Object.fromEntries(values));
};

/** Texts that are no patterns or cannot be written, and locales that nobody knows. */
export const unreadable = (message: TaskMessage): Problem[] =>
  textsOf(message).flatMap(({ field, locale, text }) => {
    try {
      writeOnce(text, { locale, timeZone: message.template?.timeZone ?? 'UTC' });
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

export interface CheckValues {
  /** What an account of the audience says, where the task says nothing that fits. */
  readonly data: Values;
  /** Placeholders for which nobody has a value. */
  readonly problems: readonly Problem[];
}

/**
 * Nobody's value for a placeholder refuses the task; what only some accounts lack is decided for each device. Attributes of
 * devices would be asked for here, too.
 */
export const valuesToCheck = (message: TaskMessage, audience: Audience): CheckValues => {
  const data: Record<string, string> = {};
  const problems: Problem[] = [];
  const items = 'accounts' in audience ? audience.accounts : [];
  for (const [name, kind] of placeholdersOf(message)) {
    const given = givenFor(name, message.data ?? {}, message.template?.defaults);
    if (given != null && fits(given, kind)) continue;
    const ofAccount = items.find((item) => {
      const value = givenFor(name, item.data ?? {}, undefined);
      return value != null && fits(value, kind);
    });
    if (ofAccount != null) data[name] = ofAccount.data?.[name] ?? '';
    else
      problems.push(
        invalid(
          `message.data.${name}`,
          given == null
            ? `The template needs a ${kind} here, and has no default`
            : `Must be a ${kind}`,
        ),
      );
  }
  return { data, problems };
};
