/** Who may call what: the one table from a route to what a caller needs for it. */
import type { Scope } from '../models/key.js';

/**
 * A scope: a key of the app that has it, or the operator speaking for the app. A list: any one of them.
 * `operator`: the operator alone. `open`: anybody, without a key.
 */
export type Access = Scope | readonly Scope[] | 'operator' | 'open';

/** The words are for everybody who may be asked: a phone shows them. */
const READS_PURPOSES = ['admin', 'tasks:read', 'devices:read', 'devices:register'] as const;

export const SCOPE_BY_ROUTE: Readonly<Record<string, Access>> = {
  'GET /healthz': 'open',
  'GET /readyz': 'open',
  'GET /metrics': 'open',
  // Whoever has the link may use it: it proves itself.
  'GET /u/:token': 'open',
  'POST /u/:token': 'open',
  'GET /openapi.json': 'open',

  'POST /v1/books/check': 'operator',

  'POST /v1/apps': 'operator',
  'GET /v1/apps': 'operator',
  'GET /v1/apps/:app': 'admin',
  'PATCH /v1/apps/:app': 'admin',
  'GET /v1/apps/:app/keys': 'admin',
  'POST /v1/apps/:app/keys': 'admin',
  'DELETE /v1/apps/:app/keys/:key': 'admin',
  'GET /v1/apps/:app/vendors': 'admin',
  'GET /v1/apps/:app/vendors/:vendor{/:profile}': 'admin',
  'PUT /v1/apps/:app/vendors/:vendor{/:profile}': 'admin',
  'DELETE /v1/apps/:app/vendors/:vendor{/:profile}': 'admin',

  'GET /v1/apps/:app/purposes': READS_PURPOSES,
  'GET /v1/apps/:app/purposes/:purpose': READS_PURPOSES,
  'GET /v1/apps/:app/purposes/:purpose/versions': READS_PURPOSES,
  'PUT /v1/apps/:app/purposes/:purpose': 'admin',
  'DELETE /v1/apps/:app/purposes/:purpose': 'admin',

  'POST /v1/tasks': 'tasks:write',
  'POST /v1/tasks/preview': 'tasks:read',
  'GET /v1/tasks': 'tasks:read',
  'GET /v1/tasks/:task': 'tasks:read',
  'PATCH /v1/tasks/:task': 'tasks:write',
  'GET /v1/tasks/:task/deliveries': 'tasks:read',
  'POST /v1/tasks/:task/pause': 'tasks:write',
  'POST /v1/tasks/:task/resume': 'tasks:write',
  'POST /v1/tasks/:task/cancel': 'tasks:write',
  'POST /v1/tasks/:task/recall': 'tasks:write',

  'POST /v1/campaigns': 'tasks:write',
  'GET /v1/campaigns': 'tasks:read',
  'GET /v1/campaigns/:campaign': 'tasks:read',
  'PATCH /v1/campaigns/:campaign': 'tasks:write',
  'DELETE /v1/campaigns/:campaign': 'tasks:write',
  'GET /v1/campaigns/:campaign/versions/:version': 'tasks:read',
  'GET /v1/campaigns/:campaign/next': 'tasks:read',
  'GET /v1/campaigns/:campaign/runs': 'tasks:read',
  'GET /v1/campaigns/:campaign/entries': 'tasks:read',
  'POST /v1/campaigns/:campaign/approve': 'campaigns:approve',
  'POST /v1/campaigns/:campaign/pause': 'tasks:write',
  'POST /v1/campaigns/:campaign/resume': 'tasks:write',
  'POST /v1/campaigns/:campaign/end': 'tasks:write',

  'POST /v1/events': 'events:write',

  'PUT /v1/templates/:name': 'tasks:write',
  'GET /v1/templates': 'tasks:read',
  'GET /v1/templates/:name': 'tasks:read',
  'GET /v1/templates/:name/versions': 'tasks:read',
  'GET /v1/templates/:name/versions/:version': 'tasks:read',
  'DELETE /v1/templates/:name': 'tasks:write',
  'POST /v1/templates/:name/preview': 'tasks:read',
  'GET /v1/segments': 'tasks:read',
  'GET /v1/segments/:segment': 'tasks:read',
  'PUT /v1/segments/:segment': 'tasks:write',
  'DELETE /v1/segments/:segment': 'tasks:write',

  'PUT /v1/devices': ['devices:write', 'devices:register'],
  'GET /v1/devices': 'devices:read',
  'POST /v1/devices/import': 'devices:write',
  'POST /v1/devices/tags': 'devices:write',
  'POST /v1/devices/accounts': 'devices:write',
  'POST /v1/devices/query': 'devices:read',
  'GET /v1/devices/:device': 'devices:read',
  'PATCH /v1/devices/:device': 'devices:write',
  'DELETE /v1/devices/:device': 'devices:write',
  'PUT /v1/devices/:device/consent': ['devices:write', 'devices:register'],
  'GET /v1/devices/:device/consent': 'devices:read',
  'PUT /v1/devices/:device/badge': ['devices:write', 'devices:register'],
  'GET /v1/devices/:device/badge': 'devices:read',
  'GET /v1/devices/:device/deliveries': 'devices:read',
  'POST /v1/unsubscribe-links': 'devices:write',
  'GET /v1/apps/:app/consent-records': 'devices:read',
  'GET /v1/suppressions': 'devices:read',
  'PUT /v1/suppressions': 'devices:write',
  'DELETE /v1/suppressions': 'devices:write',
  'GET /v1/tags': 'devices:read',
  'GET /v1/tags/:tag': 'devices:read',
  'DELETE /v1/tags/:tag': 'devices:write',
  'GET /v1/tag-removals/:removal': 'devices:read',
  'GET /v1/accounts/:account': 'devices:read',
  'DELETE /v1/accounts/:account': 'devices:write',
};

/** Throws for a route without a row: such a route must not be mounted. */
export const accessOf = (name: string): Access => {
  const access = SCOPE_BY_ROUTE[name];
  if (access == null) throw new Error(`Route ${name} has no row in server/scopes.ts`);
  return access;
};
