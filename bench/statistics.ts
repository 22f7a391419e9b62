/** Medians, percentiles and spreads. Pure; none of them takes an empty list. */

const ascending = (values: readonly number[]): number[] =>
  values.toSorted((left, right) => left - right);

const at = (sorted: readonly number[], index: number): number => {
  const value = sorted[index];
  if (value == null) throw new Error('Nothing was measured');
  return value;
};

/** The smallest value that at least this share (0 to 1) of all values does not exceed. */
export const percentile = (values: readonly number[], share: number): number =>
  at(ascending(values), Math.max(0, Math.ceil(share * values.length) - 1));

export const median = (values: readonly number[]): number => {
  const sorted = ascending(values);
  const upper = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? at(sorted, upper)
    : (at(sorted, upper - 1) + at(sorted, upper)) / 2;
};

export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export const summary = (values: readonly number[]): Summary => {
  const sorted = ascending(values);
  return { median: median(values), least: at(sorted, 0), most: at(sorted, sorted.length - 1) };
};

/** To so many significant digits: the others would be noise. */
export const rounded = (value: number, digits = 3): number =>
  Math.abs(value) >= 10 ** digits ? Math.round(value) : Number(value.toPrecision(digits));
