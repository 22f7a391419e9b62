/** What all stages of a push share in one process. */

import type { AppSecrets } from './app-secrets.js';
import type { AppSettings } from './app-settings.js';
import type { Breaker } from './breaker.js';
import type { Triggers } from './campaigns/triggers.js';
import type { InFlight } from './in-flight.js';
import type { Pacing } from './pacing/pacing.js';
import type { JobParts } from './parts.js';
import type { Priority } from './priority.js';
import type { Profiles } from './profiles.js';
import type { Purposes } from './purposes.js';
import type { QuietHours } from './quiet.js';
import type { Reads } from './reads.js';
import type { TokenGuard } from './token-guard.js';
import type { Writes } from './writes.js';

export interface JobContext {
  readonly parts: JobParts;
  readonly profiles: Profiles;
  readonly secrets: AppSecrets;
  readonly settings: AppSettings;
  readonly breaker: Breaker;
  readonly guard: TokenGuard;
  readonly inFlight: InFlight;
  readonly pacing: Pacing;
  readonly priority: Priority;
  readonly purposes: Purposes;
  readonly quiet: QuietHours;
  readonly reads: Reads;
  readonly triggers: Triggers;
  readonly writes: Writes;
  /** Aborted when this process is told to stop. */
  readonly stopping: AbortSignal;
}
