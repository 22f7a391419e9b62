/** Makes sure that every collection Mongoose knows has its indexes before anything is accepted. */
import type { Connection } from 'mongoose';
import { accountGuardModel } from './account-guard.js';
import { appModel } from './app.js';
import { badgeModel } from './badge.js';
import { campaignModel, campaignVersionModel } from './campaign.js';
import { campaignRunModel } from './campaign-run.js';
import { consentRecordModel } from './consent-record.js';
import { deviceModel } from './device.js';
import { erasureModel } from './erasure.js';
import { eventIdModel } from './event-id.js';
import { idempotencyModel } from './idempotency.js';
import { keyModel } from './key.js';
import { purposeVersionModel } from './purpose.js';
import { segmentModel } from './segment.js';
import { suppressionModel } from './suppression.js';
import { tagEntryModel } from './tag-book.js';
import { tagRemovalModel } from './tag-removal.js';
import { taskModel } from './task.js';
import { templateModel } from './template.js';
import { triggerEntryModel } from './trigger-entry.js';
import { triggerStandingModel } from './trigger-standing.js';
import { vendorProfileModel } from './vendor-profile.js';

const MODELS = [
  accountGuardModel,
  appModel,
  badgeModel,
  campaignModel,
  campaignRunModel,
  campaignVersionModel,
  consentRecordModel,
  deviceModel,
  erasureModel,
  eventIdModel,
  idempotencyModel,
  keyModel,
  purposeVersionModel,
  segmentModel,
  suppressionModel,
  tagEntryModel,
  tagRemovalModel,
  taskModel,
  templateModel,
  triggerEntryModel,
  triggerStandingModel,
  vendorProfileModel,
];

export const createIndexes = async (connection: Connection): Promise<void> => {
  for (const model of MODELS) await model(connection).createIndexes();
};
