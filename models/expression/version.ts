/** Versions as texts that sort as versions do: `3.2 < 3.10`, and `3.2-beta < 3.2`. */

const VERSION =
  /^v?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?(?: ?\([^()]*\))?$/;

/** Below every digit, the one of a pre-release below the other: what ends here comes before what goes on. */
const END_OF_PRERELEASE = '-';
const END_OF_RELEASE = '.';
/** Below every character of an identifier. */
const END_OF_WORD = '!';

/** The count of digits first, so that texts of different length compare as numbers do. */
const numberKey = (digits: string): string => {
  const plain = digits.replace(/^0+(?=\d)/, '');
  return `${String(plain.length).padStart(2, '0')}${plain}`;
};

/** As SemVer has it: numbers come before words. */
const identifierKey = (identifier: string): string =>
  /^\d+$/.test(identifier) ? `0${numberKey(identifier)}` : `1${identifier}${END_OF_WORD}`;

/**
 * Undefined for what is no version. As in SemVer, with any count of numbers (`3.2` is `3.2.0`), and builds do not count
 * (`3.2.0+41`, `3.2.0 (41)`).
 */
export const versionKey = (text: string): string | undefined => {
  const [, numbers, prerelease] = VERSION.exec(text) ?? [];
  if (numbers == null) return undefined;
  const release = numbers
    .replace(/(?:\.0+)+$/, '')
    .split('.')
    .map(numberKey)
    .join('');
  return prerelease == null
    ? `${release}${END_OF_RELEASE}`
    : `${release}${END_OF_PRERELEASE}${prerelease.split('.').map(identifierKey).join('')}`;
};
