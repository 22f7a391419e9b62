/** A device: one installation of an app that a vendor can reach under a token. */
import { type Connection, type Model, Schema, type Types } from 'mongoose';
import type { QuietWindow } from './quiet-hours.js';

export type Grant = 'granted' | 'denied';

export interface Consent {
  push?: Grant;
  /** By purpose; a purpose that is missing was never granted. */
  purposes: Record<string, Grant>;
  /** The last one that was stated. */
  policyVersion?: string;
  /** By purpose, the version of its text that the grant was given for; missing: for none that is known. */
  policyVersions?: Record<string, string>;
  /** Where it was given, in the caller's words: `ios-settings`, `web-form` ... */
  source?: string;
  at?: Date;
  /** By our own clock: since when the account that holds the device has held it, if another did before. */
  heldSince?: Date;
}

/** `suspect`: a vendor doubts the token, but a mistake of ours could look the same. */
export type DeviceState = 'active' | 'suspect' | 'gone';

export type AttributeValue = string | number | boolean;

export interface Device {
  _id: Types.ObjectId;
  app: string;
  vendor: string;
  profile: string;
  token: string;
  /** 16 bytes of HMAC-SHA256(app's hash secret, vendor, token): finds a token, and fits an index. See token-key.ts. */
  tokenKey: Buffer;
  installationId?: string;
  account?: string;
  tags: string[];
  locale?: string;
  /** IANA name. */
  timeZone?: string;
  /** Of the person's own, besides those of the app. */
  quietHours?: QuietWindow;
  appVersion?: string;
  /** What it sorts by (expression/version.ts); absent when it is no version. */
  appVersionKey?: string;
  /** One of PLATFORMS. */
  platform?: string;
  osVersion?: string;
  osVersionKey?: string;
  /** In lower case. */
  brand?: string;
  attributes?: Record<string, AttributeValue>;
  /** Of texts that read as a date or a version: what they are compared as. */
  attributeKeys?: Record<string, Date | string>;
  consent: Consent;
  state: DeviceState;
  stateReason?: string;
  stateAt?: Date;
  /** When the token was last presented; a vendor's older news about it is void. */
  registeredAt: Date;
  /** When the app itself last registered it; an import says nothing of that. */
  lastSeenAt?: Date;
  createdAt: Date;
  updatedAt: Date;
}

export const deviceSchema = new Schema<Device>(
  {
    app: { type: String, required: true },
    vendor: { type: String, required: true },
    profile: { type: String, required: true },
    token: { type: String, required: true },
    tokenKey: { type: Buffer, required: true },
    installationId: String,
    account: String,
    tags: { type: [String], default: [] },
    locale: String,
    timeZone: String,
    quietHours: Schema.Types.Mixed,
    appVersion: String,
    appVersionKey: String,
    platform: String,
    osVersion: String,
    osVersionKey: String,
    brand: String,
    attributes: Schema.Types.Mixed,
    attributeKeys: Schema.Types.Mixed,
    consent: {
      push: { type: String, enum: ['granted', 'denied'] },
      purposes: { type: Schema.Types.Mixed, default: {} },
      policyVersion: String,
      policyVersions: Schema.Types.Mixed,
      source: String,
      at: Date,
    },
    state: { type: String, enum: ['active', 'suspect', 'gone'], default: 'active' },
    stateReason: String,
    stateAt: Date,
    registeredAt: { type: Date, required: true },
    lastSeenAt: Date,
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  { collection: 'devices', versionKey: false, minimize: false },
);
deviceSchema.index({ app: 1, tokenKey: 1, profile: 1 }, { unique: true });
deviceSchema.index(
  { app: 1, vendor: 1, installationId: 1 },
  { unique: true, partialFilterExpression: { installationId: { $exists: true } } },
);
// `_id` last, so that an audience streams in the order of `_id` without sorting.
deviceSchema.index(
  { app: 1, account: 1, _id: 1 },
  { partialFilterExpression: { account: { $exists: true } } },
);
deviceSchema.index({ app: 1, tags: 1, _id: 1 });
deviceSchema.index(
  { app: 1, platform: 1, _id: 1 },
  { partialFilterExpression: { platform: { $exists: true } } },
);
deviceSchema.index({ app: 1, _id: 1 });
// What the token guard believes or takes back; few devices are in it.
deviceSchema.index(
  { app: 1, vendor: 1, profile: 1, stateAt: 1 },
  { partialFilterExpression: { state: 'suspect' } },
);

export const deviceModel = (connection: Connection): Model<Device> =>
  connection.model<Device>('Device', deviceSchema);
