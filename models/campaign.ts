/** A campaign: a rule that creates tasks. What it says is in versions that never change; runs are made of the approved one. */
import { type Connection, type Model, Schema, type Types } from 'mongoose';
import type { CampaignSchedule } from './recurrence.js';
import type { Trigger, TriggerSchedule } from './trigger.js';

/** `approved`: waits for its first run. `running`: has run, and will again. */
export const CAMPAIGN_STATES = ['draft', 'approved', 'running', 'paused', 'ended'] as const;
export type CampaignState = (typeof CAMPAIGN_STATES)[number];

/** What becomes of the runs that nobody made in their time: none is made, or one for all of them. */
export const MISSED_RULES = ['skip', 'catch-up-once'] as const;
export type MissedRule = (typeof MISSED_RULES)[number];

/** What a caller writes. */
export interface CampaignContent {
  /** A request for a task as the API takes it; template and segments stand in it by name. */
  task: Record<string, unknown>;
  schedule: CampaignSchedule | TriggerSchedule;
  missed: MissedRule;
}

export interface Campaign {
  _id: Types.ObjectId;
  app: string;
  name: string;
  state: CampaignState;
  /** The newest. */
  version: number;
  /** That runs are made of; absent in a draft. */
  approvedVersion?: number;
  approvedBy?: string;
  approvedAt?: Date;
  /** Of the approved version, when events start it; until all that it left behind is gone. */
  trigger?: Trigger;
  /** When it runs next; absent when it does not. */
  nextAt?: Date;
  /** When it ran last. */
  lastRunAt?: Date;
  /** Runs in a row that could not be made. */
  refusals: number;
  /** It was not a caller who paused it. */
  pausedBecause?: 'refused';
  createdBy: string;
  createdAt: Date;
  updatedAt: Date;
  endedAt?: Date;
}

export interface CampaignVersion {
  _id: Types.ObjectId;
  app: string;
  campaign: Types.ObjectId;
  version: number;
  content: CampaignContent;
  createdBy: string;
  createdAt: Date;
}

export const TRIGGERED_INDEX = 'triggered';

export const campaignSchema = new Schema<Campaign>(
  {
    app: { type: String, required: true },
    name: { type: String, required: true },
    state: { type: String, enum: CAMPAIGN_STATES, required: true },
    version: { type: Number, required: true },
    approvedVersion: Number,
    approvedBy: String,
    approvedAt: Date,
    trigger: Schema.Types.Mixed,
    nextAt: Date,
    lastRunAt: Date,
    refusals: { type: Number, required: true },
    pausedBecause: String,
    createdBy: { type: String, required: true },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
    endedAt: Date,
  },
  { collection: 'campaigns', versionKey: false },
);
campaignSchema.index({ app: 1, createdAt: -1, _id: -1 });
// What the sweep looks for.
campaignSchema.index({ nextAt: 1 }, { partialFilterExpression: { nextAt: { $exists: true } } });
// What an event may start, and what the sweep sends.
campaignSchema.index(
  { app: 1 },
  { name: TRIGGERED_INDEX, partialFilterExpression: { trigger: { $exists: true } } },
);

export const campaignVersionSchema = new Schema<CampaignVersion>(
  {
    app: { type: String, required: true },
    campaign: { type: Schema.Types.ObjectId, required: true },
    version: { type: Number, required: true },
    content: { type: Schema.Types.Mixed, required: true },
    createdBy: { type: String, required: true },
    createdAt: { type: Date, required: true },
  },
  { collection: 'campaign_versions', versionKey: false, minimize: false },
);
campaignVersionSchema.index({ campaign: 1, version: -1 }, { unique: true });
// For an erasure.
campaignVersionSchema.index({ app: 1 });

export const campaignModel = (connection: Connection): Model<Campaign> =>
  connection.model<Campaign>('Campaign', campaignSchema);

export const campaignVersionModel = (connection: Connection): Model<CampaignVersion> =>
  connection.model<CampaignVersion>('CampaignVersion', campaignVersionSchema);
