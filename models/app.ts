/** An app: the tenant that owns keys, devices, tasks and vendor settings. */
import { type Connection, type Model, Schema } from 'mongoose';
import type { Cap } from './caps.js';
import { DEVICES_PER_ACCOUNT } from './limits.js';
import type { QuietSettings } from './quiet-hours.js';

export const RETENTION_DAYS = [30, 90, 365] as const;
export type RetentionDays = (typeof RETENTION_DAYS)[number];

/** The purpose that `consent.push` alone covers; every other purpose needs its own grant. */
export const DEFAULT_PURPOSE = 'service';

export interface App {
  /** Chosen by the operator: `^[a-z][a-z0-9-]{1,39}$`. */
  _id: string;
  name: string;
  /** Sealed (secret-box): 32 bytes that key the hashes of tokens and accounts. */
  hashSecret: string;
  /** Sealed: signs `accountProof`; shown once when the app is created. */
  identitySecret: string;
  /** Unregistered tokens may be pushed to when the caller asserts consent. */
  allowRawTokens: boolean;
  /** How long delivery rows are kept. */
  retentionDays: RetentionDays;
  /** When devices are left in peace; null and absent: never. */
  quietHours?: QuietSettings | null;
  /** How many pushes a person may get; null and absent: any number. */
  caps?: Cap[] | null;
  /** Purposes that no quiet hours hold up and no cap counts; the operator's to name. */
  urgentPurposes?: string[];
  /** Absent in apps that are older than the limit. */
  devicesPerAccount?: number;
  createdAt: Date;
}

export const appSchema = new Schema<App>(
  {
    _id: { type: String, required: true },
    name: { type: String, required: true },
    hashSecret: { type: String, required: true },
    identitySecret: { type: String, required: true },
    allowRawTokens: { type: Boolean, default: false },
    retentionDays: { type: Number, enum: RETENTION_DAYS, default: 90 },
    quietHours: { type: Schema.Types.Mixed },
    caps: { type: Schema.Types.Mixed },
    urgentPurposes: { type: [String], default: undefined },
    devicesPerAccount: { type: Number, default: DEVICES_PER_ACCOUNT },
    createdAt: { type: Date, required: true },
  },
  { collection: 'apps', versionKey: false },
);

export const appModel = (connection: Connection): Model<App> =>
  connection.model<App>('App', appSchema);

/** What the sealed secrets of an app are bound to (secret-box). */
export const hashSecretContext = (app: string): string => `apps/${app}/hashSecret`;
export const identitySecretContext = (app: string): string => `apps/${app}/identitySecret`;
