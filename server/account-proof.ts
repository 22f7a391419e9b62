/** Account proofs: the app's backend vouches that this token belongs to somebody signed in to this account. */
import { errors, jwtVerify } from 'jose';

export interface ClaimedAccount {
  readonly account: string;
  /** Normalised by its vendor. */
  readonly token: string;
}

/** A proof that lives longer would speak for a person who has long been somebody else's, or erased. */
export const ACCOUNT_PROOF_MAX_SECONDS = 24 * 60 * 60;

export interface AccountProof {
  /** `iat`; only with it a proof is known to be younger than an erasure. */
  readonly issuedAt?: Date;
}

export interface ProofOptions {
  /** The identity secret of the app. */
  readonly secret: Uint8Array;
  readonly now: Date;
  /** Makes the token of the proof comparable; undefined for one that the vendor would not know. */
  readonly normalise: (token: string) => string | undefined;
}

const secondsOf = (at: Date): number => at.getTime() / 1_000;

/**
 * What `proof` says if it is a JWT over exactly this account and this token, signed with HS256, not expired, and with at
 * most ACCOUNT_PROOF_MAX_SECONDS to live; else undefined. Without it, anybody who has a client key could have another
 * person's codes sent to their own phone.
 */
export const readAccountProof = async (
  proof: string,
  { account, token }: ClaimedAccount,
  { secret, now, normalise }: ProofOptions,
): Promise<AccountProof | undefined> => {
  try {
    const { payload } = await jwtVerify(proof, secret, {
      // The only one: a proof must not choose how it is checked.
      algorithms: ['HS256'],
      requiredClaims: ['account', 'token', 'exp'],
      currentDate: now,
    });
    const { exp = Infinity, iat } = payload;
    const holds =
      exp <= secondsOf(now) + ACCOUNT_PROOF_MAX_SECONDS &&
      payload.account === account &&
      typeof payload.token === 'string' &&
      normalise(payload.token) === token;
    if (!holds) return undefined;
    return iat == null ? {} : { issuedAt: new Date(iat * 1_000) };
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
};
