/** Makes sure that every collection Mongoose knows has its indexes before anything is accepted. */
import type { Connection } from 'mongoose';
import { appModel } from './app.js';
import { consentRecordModel } from './consent-record.js';
import { deviceModel } from './device.js';
import { erasureModel } from './erasure.js';
import { idempotencyModel } from './idempotency.js';
import { keyModel } from './key.js';
import { segmentModel } from './segment.js';
import { suppressionModel } from './suppression.js';
import { taskModel } from './task.js';
import { vendorProfileModel } from './vendor-profile.js';

const MODELS = [
  appModel,
  consentRecordModel,
  deviceModel,
  erasureModel,
  idempotencyModel,
  keyModel,
  segmentModel,
  suppressionModel,
  taskModel,
  vendorProfileModel,
];

export const createIndexes = async (connection: Connection): Promise<void> => {
  for (const model of MODELS) await model(connection).createIndexes();
};
