/** Takes who is erased from the lists that campaigns keep: of all versions, for any of them may be read. */
import type { mongo } from 'mongoose';
import type { CampaignVersion } from './campaign.js';

/** Names under which somebody may stand in an audience. */
export interface Erasees {
  readonly accounts?: readonly string[];
  /** In hex. */
  readonly devices?: readonly string[];
  readonly tokens?: readonly string[];
}

const AUDIENCE = 'content.task.audience';

interface List {
  readonly path: string;
  /** Of its items, where they are no plain texts. */
  readonly field?: string;
  readonly names: readonly string[];
}

const listsOf = ({ accounts = [], devices = [], tokens = [] }: Erasees): List[] => [
  { path: `${AUDIENCE}.accounts`, field: 'account', names: accounts },
  { path: `${AUDIENCE}.exclude.accounts`, names: accounts },
  { path: `${AUDIENCE}.devices`, names: devices },
  { path: `${AUDIENCE}.exclude.devices`, names: devices },
  { path: `${AUDIENCE}.tokens`, field: 'token', names: tokens },
  { path: `${AUDIENCE}.exclude.tokens`, field: 'token', names: tokens },
];

export const eraseFromCampaigns = async (
  db: mongo.Db,
  app: string,
  erasees: Erasees,
): Promise<void> => {
  for (const { path, field, names } of listsOf(erasees)) {
    if (names.length === 0) continue;
    const named = { $in: [...names] };
    const where = field == null ? { [path]: named } : { [`${path}.${field}`]: named };
    const item = field == null ? named : { [field]: named };
    await db.collection<CampaignVersion>('campaign_versions').updateMany(
      { app, ...where },
      {
        $pull: { [path]: item },
      },
    );
  }
};
