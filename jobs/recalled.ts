/** Whom a recall is for: everybody whom the other task reached, or may have reached, by the rows of its report. */
import type { mongo } from 'mongoose';
import { type Delivery, deliveries, deliveryRange } from '../models/delivery.js';
import { tasks } from '../models/lease.js';
import type { Task } from '../models/task.js';
import type { AudienceSource } from './audience.js';
import { type Candidate } from './candidate.js';
import type { JobContext } from './context.js';

const REACHED = ['accepted', 'unknown'] as const;
const FIELDS = { d: 1, v: 1, p: 1, t: 1 } as const;

const candidateOf = ({ d, v, p, t }: Pick<Delivery, keyof typeof FIELDS>): Candidate => ({
  id: d,
  ...(v == null || p == null ? {} : { sentBy: { vendor: v, profile: p, sentAt: t } }),
});

/** Rows are final by now: the recall was not accepted before the books of the other task were closed. */
export const openRecalled = async (
  { parts, reads }: Pick<JobContext, 'parts' | 'reads'>,
  { app }: Pick<Task, 'app'>,
  recallOf: mongo.ObjectId,
): Promise<AudienceSource> => {
  const { db } = parts;
  const recalled = await tasks(db).findOne({ _id: recallOf }, { projection: { deliveriesIn: 1 } });
  return {
    unmatched: 0,
    async next(after, limit) {
      if (recalled == null) return [];
      const rows = await deliveries(db, recalled.deliveriesIn)
        .find(
          { _id: deliveryRange(recallOf, after), s: { $in: [...REACHED] } },
          { projection: FIELDS, sort: { _id: 1 }, limit },
        )
        .toArray();
      const found = await reads.devices(rows.map(({ d }) => d));
      const devices = new Map(
        found.filter((device) => device.app === app).map((one) => [one._id.toHexString(), one]),
      );
      return rows.map((row) => {
        const device = devices.get(row.d.toHexString());
        return device == null ? candidateOf(row) : { ...candidateOf(row), device };
      });
    },
  };
};
