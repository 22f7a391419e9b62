/** All routes of the API; a new file of routes is named here once. */
import type { Directory } from '../directory.js';
import type { ApiParts } from '../parts.js';
import type { Route } from '../route.js';
import { accountRoutes } from './accounts.js';
import { appRoutes } from './apps.js';
import { bookRoutes } from './books.js';
import { campaignControlRoutes } from './campaign-control.js';
import { campaignEntryRoutes } from './campaign-entries.js';
import { campaignRunRoutes } from './campaign-runs.js';
import { campaignRoutes } from './campaigns.js';
import { consentRecordRoutes } from './consent-records.js';
import { deviceBadgeRoutes } from './device-badge.js';
import { deviceBulkRoutes } from './device-bulk.js';
import { deviceHistoryRoutes } from './device-history.js';
import { deviceRoutes } from './devices.js';
import { eventRoutes } from './events.js';
import { healthRoutes } from './health.js';
import { importRoutes } from './import.js';
import { keyRoutes } from './keys.js';
import { openApiRoute } from './openapi.js';
import { purposeRoutes } from './purposes.js';
import { segmentRoutes } from './segments.js';
import { suppressionRoutes } from './suppressions.js';
import { tagRoutes } from './tags.js';
import { taskControlRoutes } from './task-control.js';
import { taskDeliveryRoutes } from './task-deliveries.js';
import { taskPreviewRoutes } from './task-preview.js';
import { taskRecallRoutes } from './task-recall.js';
import { taskRoutes } from './tasks.js';
import { templateRoutes } from './templates.js';
import { unsubscribeRoutes } from './unsubscribe.js';
import { vendorRoutes } from './vendors.js';

export const allRoutes = (parts: ApiParts, directory: Directory): Route[] => {
  const routes: Route[] = [
    ...healthRoutes(parts),
    ...appRoutes(parts, directory),
    ...keyRoutes(parts, directory),
    ...vendorRoutes(parts),
    ...deviceRoutes(parts),
    ...deviceBadgeRoutes(parts),
    ...deviceBulkRoutes(parts),
    ...deviceHistoryRoutes(parts),
    ...consentRecordRoutes(parts),
    ...importRoutes(parts),
    ...tagRoutes(parts),
    ...accountRoutes(parts),
    ...suppressionRoutes(parts),
    ...unsubscribeRoutes(parts, directory),
    ...segmentRoutes(parts),
    ...taskRoutes(parts),
    ...taskPreviewRoutes(parts),
    ...taskControlRoutes(parts),
    ...taskRecallRoutes(parts),
    ...taskDeliveryRoutes(parts),
    ...templateRoutes(parts),
    ...campaignRoutes(parts),
    ...campaignRunRoutes(parts),
    ...campaignEntryRoutes(parts),
    ...campaignControlRoutes(parts),
    ...purposeRoutes(parts),
    ...eventRoutes(parts),
    ...bookRoutes(parts),
  ];
  // It documents itself, too.
  const withDocument: Route[] = [...routes, openApiRoute(() => withDocument)];
  return withDocument;
};
