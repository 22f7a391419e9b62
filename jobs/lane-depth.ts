/** What waits in each lane, for the metrics. */
import type { mongo } from 'mongoose';
import { batches } from '../models/batch.js';
import { LANES, type Lane } from '../models/task.js';
import type { LaneDepth } from './metrics.js';

interface Group {
  _id: Lane;
  batches: number;
  devices: number;
  oldest: Date;
}

const SECOND_MS = 1_000;

export const laneDepth = async (db: mongo.Db, nowMs: number): Promise<LaneDepth[]> => {
  const groups = await batches(db)
    .aggregate<Group>([
      { $match: { state: 'due', lane: { $in: [...LANES] }, notBefore: { $lte: new Date(nowMs) } } },
      {
        $group: {
          _id: '$lane',
          batches: { $sum: 1 },
          devices: { $sum: '$size' },
          oldest: { $min: '$notBefore' },
        },
      },
    ])
    .toArray();
  const byLane = new Map(groups.map((group) => [group._id, group]));
  return LANES.map((lane) => {
    const group = byLane.get(lane);
    return {
      lane,
      batches: group?.batches ?? 0,
      devices: group?.devices ?? 0,
      oldestDueSeconds: group == null ? 0 : (nowMs - group.oldest.getTime()) / SECOND_MS,
    };
  });
};
