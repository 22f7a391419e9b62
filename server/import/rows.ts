/** Reads lines of CSV or NDJSON as devices in the form of `PUT /v1/devices`; a line that cannot be read tells why. */
import { parse } from 'csv-parse/sync';
import { ATTRIBUTE_NAME } from '../../models/expression/facts.js';
import { problem } from '../problems.js';
import type { Line } from './lines.js';

export interface Row {
  readonly line: number;
  readonly value?: unknown;
  readonly fault?: string;
}

/** Made once for a body; lines are given to it in their order. */
export type RowReader = (lines: readonly Line[]) => Row[];

const JSON_FAULT = 'Must be one JSON object';

export const ndjsonReader = (): RowReader => (lines) =>
  lines.map(({ number, text, fault }) => {
    if (fault != null) return { line: number, fault };
    try {
      return { line: number, value: JSON.parse(text) as unknown };
    } catch {
      return { line: number, fault: JSON_FAULT };
    }
  });

const PURPOSE_COLUMN = /^consent\.(purposes|policyVersions)\.([a-z][a-z0-9_-]{0,39})$/;
const PLAIN_COLUMNS = [
  'vendor',
  'profile',
  'token',
  'installationId',
  'account',
  'locale',
  'timeZone',
  'appVersion',
  'osVersion',
  'brand',
  'platform',
] as const;
const ATTRIBUTE_COLUMN = /^attributes\.(.+)$/;
const CONSENT_COLUMNS = ['push', 'policyVersion', 'source', 'at'].map((name) => `consent.${name}`);
const REQUIRED_COLUMNS = ['vendor', 'token'];
const TAG_SEPARATOR = /[|;]/;

type PurposeField = 'purposes' | 'policyVersions';
type Draft = Record<string, unknown> & {
  attributes?: Record<string, unknown>;
  consent?: Record<string, unknown> & Partial<Record<PurposeField, Record<string, string>>>;
};
type Setter = (draft: Draft, cell: string) => void;

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** A cell has no type but by its form; what begins with a zero, like a postal code, stays a text. */
const typed = (cell: string): string | number | boolean => {
  if (cell === 'true' || cell === 'false') return cell === 'true';
  return JSON_NUMBER.test(cell) ? Number(cell) : cell;
};

const setterOf = (column: string): Setter | undefined => {
  if ((PLAIN_COLUMNS as readonly string[]).includes(column)) {
    return (draft, cell) => {
      draft[column] = cell;
    };
  }
  if (column === 'tags') {
    return (draft, cell) => {
      draft.tags = cell.split(TAG_SEPARATOR).filter((tag) => tag.trim() !== '');
    };
  }
  const attribute = ATTRIBUTE_COLUMN.exec(column)?.[1];
  if (attribute != null && ATTRIBUTE_NAME.test(attribute)) {
    return (draft, cell) => {
      draft.attributes ??= {};
      draft.attributes[attribute] = typed(cell);
    };
  }
  const [, field, purpose] = PURPOSE_COLUMN.exec(column) ?? [];
  if (purpose != null) {
    return (draft, cell) => {
      draft.consent ??= {};
      (draft.consent[field as PurposeField] ??= {})[purpose] = cell;
    };
  }
  if (!CONSENT_COLUMNS.includes(column)) return undefined;
  const name = column.slice('consent.'.length);
  return (draft, cell) => {
    draft.consent ??= {};
    draft.consent[name] = cell;
  };
};

const headerFault = (detail: string) =>
  problem('VALIDATION_FAILED', {
    detail: 'The first line must name the columns',
    errors: [{ field: 'header', detail }],
  });

/** Throws VALIDATION_FAILED: with a wrong header every line would be wrong. */
const readHeader = (cells: readonly string[]): Setter[] => {
  const names = cells.map((cell) => cell.trim());
  const setters = names.map((name, index) => {
    const setter = setterOf(name);
    if (setter == null) throw headerFault(`Column ${index + 1} is not known here`);
    if (names.indexOf(name) < index) throw headerFault(`Column ${index + 1} appears twice`);
    return setter;
  });
  for (const name of REQUIRED_COLUMNS) {
    if (!names.includes(name)) throw headerFault(`Column ${name} is missing`);
  }
  return setters;
};

const OPTIONS = { relax_column_count: true, skip_empty_lines: false, bom: false } as const;

const parseOne = (text: string): string[] | undefined => {
  try {
    return parse(text, OPTIONS)[0];
  } catch {
    return undefined;
  }
};

/** One quote too many would swallow the lines behind it; no value of ours holds a line break. */
const isBalanced = (text: string): boolean => {
  let quotes = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) quotes += 1;
  return quotes % 2 === 0;
};

/** Together is ten times as fast as one by one; a line that cannot be parsed spoils the others only so far. */
const parseAll = (texts: readonly string[]): (string[] | undefined)[] => {
  try {
    const records = parse(texts.join('\n'), OPTIONS);
    if (records.length === texts.length) return records;
  } catch {
    // Found below, line by line.
  }
  return texts.map(parseOne);
};

const QUOTE_FAULT = 'Must have closed quotes, and quotes only around whole cells';

const rowOf = (line: number, cells: readonly string[], setters: readonly Setter[]): Row => {
  if (cells.length !== setters.length) {
    return { line, fault: `Must have ${setters.length} cells, as the header has` };
  }
  const value: Draft = {};
  cells.forEach((cell, index) => {
    // An empty cell says nothing: what is known stays.
    if (cell !== '') setters[index]?.(value, cell);
  });
  return { line, value };
};

/** RFC 4180 with a header line; a cell must not contain a line break. */
export const csvReader = (): RowReader => {
  let setters: Setter[] | undefined;
  return (lines) => {
    const readable = lines.filter(({ text, fault }) => fault == null && isBalanced(text));
    const parsed = parseAll(readable.map(({ text }) => text));
    const cellsOf = new Map(readable.map((line, index) => [line, parsed[index]]));
    const rows: Row[] = [];
    for (const line of lines) {
      const cells = cellsOf.get(line);
      if (setters == null) {
        if (cells == null) throw headerFault(line.fault ?? QUOTE_FAULT);
        setters = readHeader(cells);
      } else if (cells == null) {
        rows.push({ line: line.number, fault: line.fault ?? QUOTE_FAULT });
      } else {
        rows.push(rowOf(line.number, cells, setters));
      }
    }
    return rows;
  };
};
