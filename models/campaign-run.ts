/** A run of a campaign: one of its instants, and what became of it. There is one for an instant, whoever makes it. */
import {
  type ClientSession,
  type Connection,
  type Model,
  type mongo,
  Schema,
  type Types,
} from 'mongoose';

export const RUN_STATES = ['made', 'refused', 'skipped'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** Why a task could not be made; as a caller of the API is told. */
export interface Refusal {
  code: string;
  detail?: string;
  errors: { field: string; detail: string; position?: number }[];
}

export interface CampaignRun {
  _id: Types.ObjectId;
  app: string;
  campaign: Types.ObjectId;
  at: Date;
  /** Of the campaign, that it was made of. */
  version: number;
  state: RunState;
  /** Of one that was made. */
  task?: Types.ObjectId;
  /** Of one that was refused. */
  refusal?: Refusal;
  /** Of one that was skipped. */
  reason?: 'missed';
  createdAt: Date;
}

export const campaignRunSchema = new Schema<CampaignRun>(
  {
    app: { type: String, required: true },
    campaign: { type: Schema.Types.ObjectId, required: true },
    at: { type: Date, required: true },
    version: { type: Number, required: true },
    state: { type: String, enum: RUN_STATES, required: true },
    task: Schema.Types.ObjectId,
    refusal: Schema.Types.Mixed,
    reason: String,
    createdAt: { type: Date, required: true },
  },
  { collection: 'campaign_runs', versionKey: false },
);
campaignRunSchema.index({ campaign: 1, at: -1 }, { unique: true });

export const campaignRunModel = (connection: Connection): Model<CampaignRun> =>
  connection.model<CampaignRun>('CampaignRun', campaignRunSchema);

export const campaignRuns = (db: mongo.Db): mongo.Collection<CampaignRun> =>
  db.collection<CampaignRun>('campaign_runs');

/** Which of these instants have a run already, in milliseconds. */
export const instantsWithRun = async (
  db: mongo.Db,
  campaign: Types.ObjectId,
  instants: readonly Date[],
  session: ClientSession,
): Promise<Set<number>> => {
  const found = await campaignRuns(db)
    .find({ campaign, at: { $in: [...instants] } }, { session, projection: { at: 1 } })
    .toArray();
  return new Set(found.map(({ at }) => at.getTime()));
};

/** Before an instant, newest first. */
export const runsOf = (
  db: mongo.Db,
  campaign: Types.ObjectId,
  { before, limit }: { readonly before?: Date; readonly limit: number },
): Promise<CampaignRun[]> =>
  campaignRuns(db)
    .find({ campaign, ...(before == null ? {} : { at: { $lt: before } }) })
    .sort({ at: -1 })
    .limit(limit)
    .toArray();
