/** Reads the two languages that a recurring schedule may be written in: rules of RFC 5545, and cron. Says where reading stopped. */
import { CronExpressionParser } from 'cron-parser';

/** The text cannot be read; the message says what is allowed at `position`. */
export class RuleTextError extends Error {
  override readonly name = 'RuleTextError';
  constructor(
    message: string,
    readonly position: number,
  ) {
    super(message);
  }
}

const MOST_INTERVAL = 1_000;

/** A list of whole numbers; `signed` ones count from the end, too. */
const numbers =
  (low: number, high: number, { signed = false } = {}) =>
  (value: string): boolean =>
    value.split(',').every((one) => {
      const amount = Number(one.replace(/^[+-]/, ''));
      const isNumber = signed ? /^[+-]?\d{1,3}$/.test(one) : /^\d{1,2}$/.test(one);
      return isNumber && amount >= low && amount <= high;
    });

const matches =
  (pattern: RegExp) =>
  (value: string): boolean =>
    pattern.test(value);

/** One of a month has no number above 5, one of a year none above 53. */
const RULE_DAY = /^([+-]?([1-9]|[1-4]\d|5[0-3]))?(MO|TU|WE|TH|FR|SA|SU)$/;

interface RulePart {
  readonly isValid: (value: string) => boolean;
  /** What is allowed, behind "must be". */
  readonly allowed: string;
}

/** https://www.rfc-editor.org/rfc/rfc5545#section-3.3.10, as far as a push may recur. */
const RULE_PARTS: Readonly<Record<string, RulePart>> = {
  FREQ: {
    isValid: matches(/^(DAILY|WEEKLY|MONTHLY|YEARLY)$/),
    allowed: 'DAILY, WEEKLY, MONTHLY or YEARLY',
  },
  INTERVAL: {
    isValid: (value) =>
      /^\d{1,4}$/.test(value) && Number(value) >= 1 && Number(value) <= MOST_INTERVAL,
    allowed: `a number from 1 to ${MOST_INTERVAL}`,
  },
  BYMONTH: { isValid: numbers(1, 12), allowed: 'numbers from 1 to 12' },
  BYMONTHDAY: {
    isValid: numbers(1, 31, { signed: true }),
    allowed: 'numbers from 1 to 31, or from -1 to -31',
  },
  BYDAY: {
    isValid: (value) => value.split(',').every((day) => RULE_DAY.test(day)),
    allowed: 'weekdays such as MO,TU or 1MO,-1FR',
  },
  BYSETPOS: {
    isValid: numbers(1, 366, { signed: true }),
    allowed: 'numbers from 1 to 366, or from -1 to -366',
  },
  BYHOUR: { isValid: numbers(0, 23), allowed: 'numbers from 0 to 23' },
  BYMINUTE: { isValid: numbers(0, 59), allowed: 'numbers from 0 to 59' },
  WKST: { isValid: matches(/^(MO|TU|WE|TH|FR|SA|SU)$/), allowed: 'a weekday such as MO' },
};

const ELSEWHERE: Readonly<Record<string, string>> = {
  COUNT: 'COUNT is given beside the rule, as count',
  UNTIL: 'UNTIL is given beside the rule, as end',
};

/** Throws RuleTextError. What parts may not stand together is for whoever makes the rule to say. */
export const checkRuleText = (text: string): void => {
  const seen = new Set<string>();
  let position = 0;
  for (const part of text.split(';')) {
    const [name = '', value = '', ...others] = part.split('=');
    const known = Object.hasOwn(RULE_PARTS, name) ? RULE_PARTS[name] : undefined;
    if (known == null || others.length > 0) {
      const allowed = `Must be parts such as ${Object.keys(RULE_PARTS).join(', ')}, for example FREQ=WEEKLY;BYDAY=MO`;
      throw new RuleTextError(ELSEWHERE[name] ?? allowed, position);
    }
    if (seen.has(name)) throw new RuleTextError(`${name} may stand there once only`, position);
    if (!known.isValid(value)) {
      throw new RuleTextError(`${name} must be ${known.allowed}`, position + name.length + 1);
    }
    seen.add(name);
    position += part.length + 1;
  }
  if (!seen.has('FREQ')) throw new RuleTextError(`Must say FREQ: ${RULE_PARTS.FREQ?.allowed}`, 0);
};

const CRON_FIELDS = ['minute', 'hour', 'day of the month', 'month', 'day of the week'];
/** Not H, which stands for a number that the reader takes by chance. */
const CRON_FIELD = /^(?!.*(^|,)H)[\dA-Z*,/?#-]+$/i;

const isReadable = (fields: readonly string[]): boolean => {
  try {
    CronExpressionParser.parse(fields.join(' '), { tz: 'UTC' });
    return true;
  } catch {
    return false;
  }
};

/** Throws RuleTextError. */
export const checkCronText = (text: string): void => {
  const fields = [...text.matchAll(/\S+/g)];
  if (fields.length !== CRON_FIELDS.length) {
    throw new RuleTextError(`Must be five fields: ${CRON_FIELDS.join(', ')}`, 0);
  }
  for (const [index, { 0: field, index: position }] of fields.entries()) {
    const alone = CRON_FIELDS.map((_, other) => (other === index ? field : '*'));
    if (!CRON_FIELD.test(field) || !isReadable(alone)) {
      throw new RuleTextError(`The ${CRON_FIELDS[index]} cannot be read`, position);
    }
  }
};
