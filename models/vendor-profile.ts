/** One set of a vendor's credentials and settings in an app. */
import { type Connection, type Model, Schema } from 'mongoose';

export interface VendorProfile {
  /** `<app>/<vendor>/<profile>`. */
  _id: string;
  app: string;
  vendor: string;
  profile: string;
  /** Everything that may be shown. */
  settings: Record<string, unknown>;
  /** Sealed (secret-box) JSON of the secret settings. */
  secrets: string;
  /** Devices a second, as the operator set it; null for no limit, absent for what the vendor declares. */
  ratePerSecond?: number | null;
  /** Rises with every change; an adapter opened for an older one is replaced. */
  revision: number;
  updatedAt: Date;
}

export const DEFAULT_PROFILE = 'default';

export const vendorProfileId = (app: string, vendor: string, profile: string): string =>
  `${app}/${vendor}/${profile}`;

export const namesOfProfile = (id: string): Pick<VendorProfile, 'app' | 'vendor' | 'profile'> => {
  const [app = '', vendor = '', profile = ''] = id.split('/');
  return { app, vendor, profile };
};

export const vendorProfileSchema = new Schema<VendorProfile>(
  {
    _id: { type: String, required: true },
    app: { type: String, required: true },
    vendor: { type: String, required: true },
    profile: { type: String, required: true },
    settings: { type: Schema.Types.Mixed, required: true },
    secrets: { type: String, required: true },
    ratePerSecond: Number,
    revision: { type: Number, required: true },
    updatedAt: { type: Date, required: true },
  },
  { collection: 'vendor_profiles', versionKey: false, minimize: false },
);
vendorProfileSchema.index({ app: 1, vendor: 1, profile: 1 }, { unique: true });

export const vendorProfileModel = (connection: Connection): Model<VendorProfile> =>
  connection.model<VendorProfile>('VendorProfile', vendorProfileSchema);
