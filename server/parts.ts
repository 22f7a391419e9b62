/** What the API is built from; `server/index.ts` makes the parts, a test may bring its own. */
import type { Connection } from 'mongoose';
import type { Registry } from 'prom-client';
import type { AdapterDeps, Vendor } from '../adapters/adapter.js';
import type { Engine } from '../jobs/engine.js';
import type { SecretBox } from '../models/secret-box.js';
import type { Logger } from './logger.js';

export interface ApiParts {
  readonly connection: Connection;
  readonly engine: Engine;
  readonly vendors: ReadonlyMap<string, Vendor>;
  /** Lent to the adapters that probe new credentials; `now` is also the API's clock. */
  readonly adapters: AdapterDeps;
  readonly secretBox: SecretBox;
  /** What follows `Bearer ` when the operator speaks. */
  readonly operatorKey: string;
  readonly metrics: Registry;
  readonly logger: Logger;
  /** Where people reach the API; absent: where the request that asks for a link has reached it. */
  readonly publicUrl?: string;
  /** Of a JSON body; default 2 MiB. */
  readonly bodyLimitBytes?: number;
  /** Vendor endpoints may be at loopback or private addresses. */
  readonly allowPrivateEndpoints: boolean;
}

export const DEFAULT_BODY_LIMIT_BYTES = 2 * 1024 * 1024;
