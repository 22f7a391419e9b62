/** What a caller is told of a limit: its name, and how much there may be. */
import { type Limited, TAGS_PER_APP, TAGS_PER_DEVICE } from '../models/limits.js';
import { type FieldError, type ProblemError, problem } from './problems.js';

interface KnownLimits {
  readonly devicesPerAccount: number;
}

export const limitFault = (limited: Limited, { devicesPerAccount }: KnownLimits): FieldError => {
  switch (limited) {
    case 'account-full':
      return {
        field: 'account',
        detail: `Has ${devicesPerAccount} devices, as many as one account may have in this app (devicesPerAccount)`,
      };
    case 'device-tags-full':
      return { field: 'tags', detail: `One device may have at most ${TAGS_PER_DEVICE} tags` };
    case 'app-tags-full':
      return { field: 'tags', detail: `One app may have at most ${TAGS_PER_APP} different tags` };
  }
};

export const limitProblem = (limited: Limited, limits: KnownLimits): ProblemError =>
  problem('LIMIT_REACHED', { errors: [limitFault(limited, limits)] });
