/** A segment: an audience expression with a name, for tasks and other segments of its app. */
import { type Connection, type Model, Schema } from 'mongoose';

/** Of one app: all of them are held against each other when one is saved. */
export const MAX_SEGMENTS = 500;

export interface Segment {
  /** `<app>/<name>`. */
  _id: string;
  app: string;
  name: string;
  /** As it was given: segments that it uses stand in it by name. */
  expression: string;
  /** Names of the segments in `expression`. */
  uses: string[];
  description?: string;
  createdAt: Date;
  updatedAt: Date;
}

export const segmentSchema = new Schema<Segment>(
  {
    _id: { type: String, required: true },
    app: { type: String, required: true },
    name: { type: String, required: true },
    expression: { type: String, required: true },
    uses: { type: [String], default: [] },
    description: String,
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  { collection: 'segments', versionKey: false },
);
segmentSchema.index({ app: 1, name: 1 }, { unique: true });

export const segmentModel = (connection: Connection): Model<Segment> =>
  connection.model<Segment>('Segment', segmentSchema);
