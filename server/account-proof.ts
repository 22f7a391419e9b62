/** Account proofs: the app's backend vouches that this token belongs to somebody signed in to this account. */
import { errors, jwtVerify } from 'jose';

export interface ClaimedAccount {
  readonly account: string;
  /** Normalised by its vendor. */
  readonly token: string;
}

export interface ProofOptions {
  /** The identity secret of the app. */
  readonly secret: Uint8Array;
  readonly now: Date;
  /** Makes the token of the proof comparable; undefined for one that the vendor would not know. */
  readonly normalise: (token: string) => string | undefined;
}

/**
 * Whether `proof` is a JWT over exactly this account and this token, signed with HS256 and not expired. Without it,
 * anybody who has a client key could have another person's codes sent to their own phone.
 */
export const provesAccount = async (
  proof: string,
  { account, token }: ClaimedAccount,
  { secret, now, normalise }: ProofOptions,
): Promise<boolean> => {
  try {
    const { payload } = await jwtVerify(proof, secret, {
      // The only one: a proof must not choose how it is checked.
      algorithms: ['HS256'],
      requiredClaims: ['account', 'token', 'exp'],
      currentDate: now,
    });
    return (
      payload.account === account &&
      typeof payload.token === 'string' &&
      normalise(payload.token) === token
    );
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
};
