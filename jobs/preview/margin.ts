/** How far off a number may be that was reckoned from some of many. Pure. */

/** Of a normal distribution, within which 95 % lie. */
const Z = 1.96;

/**
 * Of `of` devices, `sampled` were looked at, drawn without putting back: no share of them is further off than so many devices, with a
 * probability of 95 %. A share is the least certain when it is a half.
 */
export const marginOf = (sampled: number, of: number): number => {
  if (of <= 1 || sampled === 0) return of;
  const ofShare = Math.sqrt(0.25 / sampled) * Math.sqrt((of - sampled) / (of - 1));
  return Math.ceil(Z * ofShare * of);
};
