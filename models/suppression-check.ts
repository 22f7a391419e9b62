/** Decides, without any I/O, whether a registration may have what it names although that was erased. */
import { keyText, type SuppressionEntry } from './suppression-list.js';
import { accountKey, installationKey } from './token-key.js';

export type Suppressible = 'account' | 'token' | 'installationId';

/** Something that a registration names and an erasure may have put on the list. */
export interface NamedKey extends SuppressionEntry {
  readonly field: Suppressible;
}

/** Since when, by the text of the key; what is missing is not on the list. */
export type OnList = ReadonlyMap<string, Date>;

/** What a registration shows of its right to lift. */
export interface OptIn {
  /** When `push` was granted; absent: it was not, or not by the person (an import). */
  readonly grantedAt?: Date;
  /** Absent: the caller is trusted with the whole app. Else the hashes of the tokens it presented. */
  readonly provenTokenKeys?: readonly Buffer[];
  /** Absent: the same. Else when somebody who is trusted vouched for the account, if that is known. */
  readonly accountProof?: { readonly issuedAt?: Date };
}

export const namedKeys = (
  {
    vendor,
    account,
    installationId,
  }: { vendor: string; account?: string | null; installationId?: string },
  token: Buffer,
  hashSecret: Buffer,
): NamedKey[] => {
  const keys: NamedKey[] = [{ field: 'token', kind: 'token', key: token }];
  if (account != null) {
    // First: whoever is refused for several reasons is told this one.
    keys.unshift({ field: 'account', kind: 'account', key: accountKey(hashSecret, account) });
  }
  if (installationId != null) {
    const key = installationKey(hashSecret, vendor, installationId);
    keys.push({ field: 'installationId', kind: 'installation', key });
  }
  return keys;
};

/**
 * An account and an installation are no secrets as a token is. A caller that is not trusted with them needs more than
 * their names: a proof made after the account's erasure (an older one may be the erased person's own), or a token that
 * was erased as well.
 */
const mayName = (
  field: Suppressible,
  since: Date,
  { provenTokenKeys, accountProof }: OptIn,
  list: OnList,
): boolean => {
  switch (field) {
    case 'account':
      return (
        accountProof == null || (accountProof.issuedAt != null && accountProof.issuedAt > since)
      );
    case 'installationId':
      return provenTokenKeys == null || provenTokenKeys.some((key) => list.has(keyText(key)));
    case 'token':
      return true;
  }
};

/** The keys that a direct grant, given after their erasure, takes off the list; or the field that must stay on it. */
export const checkSuppression = (
  keys: readonly NamedKey[],
  optIn: OptIn,
  list: OnList,
): { readonly refused: Suppressible } | { readonly refused?: never; readonly lifted: Buffer[] } => {
  const lifted: Buffer[] = [];
  for (const { field, key } of keys) {
    const since = list.get(keyText(key));
    if (since == null) continue;
    const isFresh = optIn.grantedAt != null && optIn.grantedAt >= since;
    if (!isFresh || !mayName(field, since, optIn, list)) return { refused: field };
    lifted.push(key);
  }
  return { lifted };
};
