/**
 * The table: where which fault strikes a task, and what may come of it. One line a row: place, fault, what the caller wants
 * of the unsure, eligible devices, and what differs from the defaults of row.ts.
 */
import type { Row } from './row.js';
import { VENDOR_ROWS } from './vendor-rows.js';

type Line = readonly [Row['at'], Row['fault'], Row['ifUnsure'], Row['mix'], Partial<Row>?];

const ALL: Row['mix'] = { fcm: 100, apns: 100, harmony: 100 };
/** Two stretches of the audience, with somebody to reach in both. */
const LONG: Row['mix'] = { fcm: 150, apns: 150 };
const TWO_STRETCHES = { refusing: 5_200 } as const;
const UP_TO_100 = { atMost: 100 } as const;
const UP_TO_300 = { atMost: 300 } as const;
/** While a planner is held, what it has planned goes its way. */
const UNDER_WAY = { ...TWO_STRETCHES, unknown: UP_TO_300, repeated: UP_TO_300 } as const;
const SURVIVOR = { heir: 'survivor' } as const;
const LIST = { audience: 'list' } as const;
const KEYLESS = { audience: 'list', keyless: true } as const;

/** Whoever asked has no answer and asks again: there is one task, or there was none. */
const ACCEPT: Line[] = [
  ['accept:before-write', 'SIGKILL', 'leave', { fcm: 100 }, LIST],
  ['accept:task-written', 'SIGKILL', 'leave', { apns: 100 }, LIST],
  ['accept:task-written', 'SIGKILL', 'resend', { harmony: 300 }, LIST],
  ['accept:before-commit', 'SIGKILL', 'leave', { harmony: 100 }, LIST],
  ['accept:before-commit', 'SIGKILL', 'resend', { fcm: 300 }, LIST],
  ['accept:before-answer', 'SIGKILL', 'leave', { fcm: 100 }, LIST],
  ['accept:before-answer', 'SIGKILL', 'resend', ALL],
  ['accept:before-commit', 'SIGTERM', 'leave', { apns: 100 }, LIST],
  ['accept:before-answer', 'SIGTERM', 'leave', { harmony: 300 }, LIST],
  ['accept:before-write', 'inserts cut', 'leave', { fcm: 100 }, LIST],
  ['accept:before-write', 'write conflicts', 'leave', { apns: 100 }, LIST],
  ['accept:before-commit', 'commit cut', 'leave', { apns: 100 }, LIST],
  ['accept:before-commit', 'commit answer lost', 'leave', { fcm: 100 }, LIST],
  ['accept:before-commit', 'commit denied', 'leave', { harmony: 100 }, LIST],
  ['accept:before-commit', 'mongod killed', 'leave', { fcm: 100 }, LIST],
];

/** A short list goes from accept to its vendor without being looked for; small ones share their transactions. */
const HAND_OVER: Line[] = [
  ['accept:before-write', 'SIGKILL', 'leave', { fcm: 100 }, KEYLESS],
  ['accept:task-written', 'SIGKILL', 'resend', { apns: 100 }, KEYLESS],
  ['accept:before-commit', 'SIGKILL', 'leave', { harmony: 100 }, KEYLESS],
  ['accept:before-answer', 'SIGKILL', 'leave', { fcm: 100 }, { ...KEYLESS, unknown: UP_TO_100 }],
  ['accept:before-answer', 'SIGKILL', 'resend', { fcm: 10 }, KEYLESS],
  ['accept:before-answer', 'SIGTERM', 'leave', { apns: 10 }, KEYLESS],
  ['accept:before-commit', 'commit cut', 'leave', { harmony: 10 }, KEYLESS],
  ['accept:before-commit', 'commit answer lost', 'leave', { apns: 10 }, KEYLESS],
  ['accept:before-commit', 'commit denied', 'leave', { fcm: 10 }, KEYLESS],
  ['accept:before-commit', 'commit denied', 'resend', { apns: 10 }, KEYLESS],
  ['accept:before-write', 'write conflicts', 'leave', { fcm: 10 }, KEYLESS],
  ['dispatch:claimed', 'SIGKILL', 'leave', { fcm: 100 }, KEYLESS],
  ['dispatch:claimed', 'SIGKILL', 'resend', { apns: 100 }, KEYLESS],
  ['dispatch:marked-sending', 'SIGKILL', 'leave', { harmony: 100 }, { ...KEYLESS, unknown: 100 }],
  ['dispatch:claimed', 'SIGSTOP', 'leave', { fcm: 10 }, KEYLESS],
  ['report:before-commit', 'SIGKILL', 'leave', { fcm: 10 }, { ...KEYLESS, unknown: 10 }],
  ['report:committed', 'SIGKILL', 'resend', { apns: 10 }, KEYLESS],
  ['report:before-commit', 'commit cut', 'leave', { fcm: 10 }, KEYLESS],
  ['report:before-commit', 'commit denied', 'resend', { harmony: 10 }, KEYLESS],
  ['report:answered', 'write conflicts', 'leave', { apns: 10 }, KEYLESS],
];

/** Whoever takes over goes on at the cursor. */
const PLAN: Line[] = [
  ['plan:claimed', 'SIGKILL', 'leave', { fcm: 200 }],
  ['plan:claimed', 'SIGKILL', 'leave', { harmony: 300 }, { ...LIST, ...SURVIVOR }],
  ['plan:cursor-written', 'SIGKILL', 'leave', { apns: 200 }],
  ['plan:before-commit', 'SIGKILL', 'resend', { harmony: 200 }],
  ['plan:between-stretches', 'SIGKILL', 'leave', LONG, TWO_STRETCHES],
  ['plan:between-stretches', 'SIGKILL', 'resend', LONG, { ...UNDER_WAY, ...SURVIVOR }],
  ['plan:before-last', 'SIGKILL', 'leave', LONG, TWO_STRETCHES],
  ['plan:planned', 'SIGKILL', 'leave', { fcm: 200 }],
  ['plan:planned', 'SIGKILL', 'resend', { apns: 300 }, LIST],
  ['plan:cursor-written', 'SIGTERM', 'leave', { fcm: 200 }],
  ['plan:between-stretches', 'SIGTERM', 'leave', LONG, TWO_STRETCHES],
  ['plan:claimed', 'SIGSTOP', 'leave', { fcm: 200 }],
  ['plan:between-stretches', 'SIGSTOP', 'leave', LONG, UNDER_WAY],
  ['plan:before-commit', 'SIGSTOP', 'leave', { apns: 200 }],
  ['plan:claimed', 'write conflicts', 'leave', { fcm: 200 }],
  ['plan:before-commit', 'commit cut', 'leave', { harmony: 200 }],
  ['plan:before-commit', 'commit answer lost', 'leave', { fcm: 200 }],
  ['plan:before-commit', 'commit denied', 'leave', { apns: 200 }],
  ['plan:before-commit', 'mongod killed', 'resend', { apns: 200 }],
];

/** Before the mark nobody can have got it; behind it, everybody of the batch may have. */
const DISPATCH: Line[] = [
  ['dispatch:claimed', 'SIGKILL', 'leave', { fcm: 200 }],
  ['dispatch:claimed', 'SIGKILL', 'resend', { apns: 200 }],
  ['dispatch:claimed', 'SIGKILL', 'leave', ALL, { ...SURVIVOR, unknown: { atMost: 200 } }],
  ['dispatch:marked-sending', 'SIGKILL', 'leave', { apns: 200 }, { unknown: 200 }],
  ['dispatch:marked-sending', 'SIGKILL', 'resend', { harmony: 200 }],
  ['dispatch:marked-sending', 'SIGKILL', 'leave', { fcm: 200 }, { ...SURVIVOR, unknown: 200 }],
  ['vendor:100', 'SIGKILL', 'leave', { fcm: 900 }, { unknown: 900 }],
  ['vendor:100', 'SIGKILL', 'resend', { fcm: 900 }, { repeated: { atMost: 700 } }],
  ['vendor:100', 'SIGKILL', 'leave', { apns: 900 }, { ...SURVIVOR, unknown: 900 }],
  ['vendor:100', 'SIGKILL', 'resend', { apns: 900 }, { ...SURVIVOR, repeated: { atMost: 700 } }],
  ['vendor:0', 'SIGKILL', 'leave', { harmony: 900 }, { unknown: 900 }],
  ['vendor:0', 'SIGKILL', 'resend', ALL, { repeated: UP_TO_300 }],
  ['dispatch:claimed', 'SIGTERM', 'leave', { fcm: 200 }],
  ['dispatch:marked-sending', 'SIGTERM', 'leave', { apns: 200 }],
  ['vendor:100', 'SIGTERM', 'leave', { fcm: 900 }, { unknown: { atMost: 600 } }],
  ['vendor:100', 'SIGTERM', 'resend', { apns: 900 }, { repeated: { atMost: 600 } }],
  ['dispatch:claimed', 'SIGTERM', 'resend', ALL, SURVIVOR],
  ['dispatch:claimed', 'SIGSTOP', 'leave', { fcm: 200 }],
  ['dispatch:marked-sending', 'SIGSTOP', 'leave', { harmony: 200 }, { unknown: 200 }],
  ['dispatch:marked-sending', 'SIGSTOP', 'resend', { apns: 200 }, { repeated: { atMost: 200 } }],
  ['dispatch:claimed', 'updates cut', 'leave', { apns: 200 }],
  ['dispatch:claimed', 'write conflicts', 'leave', { fcm: 200 }],
  ['dispatch:claimed', 'mongod killed', 'leave', { harmony: 200 }],
  ['dispatch:marked-sending', 'mongod killed', 'leave', { fcm: 200 }],
];

/** All of a report, or nothing; the vendors' answers are lost only with the process that heard them. */
const REPORT: Line[] = [
  ['report:answered', 'SIGKILL', 'leave', { harmony: 200 }, { unknown: 200 }],
  ['report:answered', 'SIGKILL', 'resend', { fcm: 200 }, { repeated: 200 }],
  ['report:batch-updated', 'SIGKILL', 'leave', { fcm: 200 }, { unknown: 200 }],
  ['report:batch-updated', 'SIGKILL', 'resend', { apns: 200 }, { repeated: 200 }],
  ['report:rows-written', 'SIGKILL', 'leave', { apns: 200 }, { unknown: 200 }],
  ['report:rows-written', 'SIGKILL', 'resend', { harmony: 200 }, { ...SURVIVOR, repeated: 200 }],
  ['report:before-commit', 'SIGKILL', 'leave', { fcm: 200 }, { ...SURVIVOR, unknown: 200 }],
  ['report:before-commit', 'SIGKILL', 'resend', { fcm: 200 }, { repeated: 200 }],
  ['report:committed', 'SIGKILL', 'leave', { fcm: 200 }],
  ['report:committed', 'SIGKILL', 'resend', { apns: 200 }],
  ['finish:before-end', 'SIGKILL', 'leave', { harmony: 200 }],
  ['finish:before-end', 'SIGKILL', 'resend', ALL, SURVIVOR],
  ['finish:ended', 'SIGKILL', 'leave', { apns: 200 }],
  ['report:answered', 'SIGTERM', 'leave', { fcm: 200 }],
  ['report:before-commit', 'SIGTERM', 'leave', ALL],
  ['finish:before-end', 'SIGTERM', 'resend', { harmony: 200 }],
  ['report:answered', 'SIGSTOP', 'leave', { fcm: 200 }, { unknown: 200 }],
  ['report:answered', 'SIGSTOP', 'resend', { apns: 200 }, { repeated: 200 }],
  ['report:batch-updated', 'SIGSTOP', 'leave', { harmony: 200 }, { unknown: 200 }],
  ['report:before-commit', 'commit cut', 'leave', { fcm: 200 }],
  ['report:before-commit', 'commit cut', 'resend', { harmony: 200 }],
  ['report:before-commit', 'commit answer lost', 'leave', { apns: 200 }],
  ['report:before-commit', 'commit answer lost', 'resend', ALL],
  ['report:before-commit', 'commit denied', 'leave', { apns: 200 }],
  ['report:before-commit', 'commit denied', 'resend', { fcm: 200 }],
  ['report:answered', 'write conflicts', 'leave', { apns: 200 }],
  ['report:answered', 'inserts cut', 'leave', { harmony: 200 }],
  ['report:answered', 'updates cut', 'resend', { fcm: 200 }],
  ['report:answered', 'mongod killed', 'leave', { apns: 200 }],
  ['report:before-commit', 'mongod killed', 'leave', { harmony: 200 }],
];

const SEIZED = { then: 'watch:seized' } as const;
const ANSWERED = { then: 'report:answered' } as const;
const COMMITTED = { then: 'report:committed' } as const;

/** Whoever takes over dies as well. */
const HEIRS: Line[] = [
  ['dispatch:marked-sending', 'SIGKILL', 'leave', { fcm: 200 }, { ...SEIZED, unknown: 200 }],
  ['dispatch:marked-sending', 'SIGKILL', 'resend', { apns: 200 }, SEIZED],
  ['report:answered', 'SIGKILL', 'leave', { apns: 200 }, { ...COMMITTED, unknown: 200 }],
  ['report:answered', 'SIGKILL', 'resend', { fcm: 200 }, { ...ANSWERED, repeated: 200 }],
  ['plan:claimed', 'SIGKILL', 'leave', { harmony: 200 }, { then: 'plan:planned' }],
];

/** The last fifty answers come late, and their devices go into a batch of their own. */
const SLOW: Partial<Row> = {
  vendors: {
    fcm: [{ kind: 'slow', after: 150, delayMs: 7_000 }],
    apns: [{ kind: 'slow', after: 150, delayMs: 7_000 }],
  },
  timings: { stragglerMs: 5_000 },
};

const LATE = { atMost: 52 } as const;

const STRAGGLERS: Line[] = [
  ['stragglers:split', 'SIGKILL', 'leave', { fcm: 200 }, { ...SLOW, unknown: LATE }],
  ['stragglers:split', 'SIGKILL', 'resend', { apns: 200 }, { ...SLOW, repeated: LATE }],
  ['report:before-commit', 'SIGKILL', 'leave', { apns: 200 }, { ...SLOW, unknown: 200 }],
  ['stragglers:split', 'SIGTERM', 'leave', { fcm: 200 }, { ...SLOW, unknown: LATE }],
  ['stragglers:split', 'SIGSTOP', 'leave', { apns: 200 }, { ...SLOW, unknown: LATE }],
];

/** Fifty devices are to be tried again; they may have got it. */
const BUSY: Partial<Row> = {
  vendors: { fcm: [{ kind: 'unavailable', count: 50, retryAfterSeconds: 1 }] },
};
/** Fifty devices are to be tried again; they have not got it. */
const QUOTA: Partial<Row> = {
  vendors: { fcm: [{ kind: 'too-many-requests', count: 50, retryAfterSeconds: 1 }] },
};

const RETRIES: Line[] = [
  ['report:before-commit', 'SIGKILL', 'resend', { fcm: 200 }, { ...BUSY, repeated: 150 }],
  ['report:committed', 'SIGKILL', 'resend', { fcm: 200 }, BUSY],
  ['report:committed', 'SIGKILL', 'leave', { fcm: 200 }, QUOTA],
  ['dispatch:claimed', 'SIGKILL', 'resend', { fcm: 200 }, { nth: 2, ...BUSY }],
  ['dispatch:marked-sending', 'SIGKILL', 'resend', { fcm: 200 }, { nth: 2, ...BUSY }],
  ['dispatch:marked-sending', 'SIGKILL', 'leave', { fcm: 200 }, { nth: 2, ...QUOTA, unknown: 50 }],
  ['report:answered', 'SIGKILL', 'resend', { fcm: 200 }, { nth: 2, ...BUSY, repeated: 50 }],
  ['report:rows-written', 'SIGTERM', 'resend', { fcm: 200 }, BUSY],
];

/** What was planned when the caller stopped it. */
const IN_PART = { ...UNDER_WAY, inPart: true, cancelled: UP_TO_300 } as const;

/** The caller changes their mind, and more may go wrong meanwhile. */
const CONTROL: Line[] = [
  ['plan:between-stretches', 'cancel', 'leave', LONG, IN_PART],
  ['dispatch:claimed', 'cancel', 'leave', { fcm: 200 }, { cancelled: 200 }],
  ['dispatch:marked-sending', 'cancel', 'resend', { apns: 200 }, { cancelled: 200 }],
  ['report:answered', 'cancel', 'leave', { harmony: 200 }],
  ['dispatch:claimed', 'cancel, SIGKILL', 'leave', { apns: 200 }, { cancelled: 200 }],
  ['dispatch:marked-sending', 'cancel, SIGKILL', 'leave', { harmony: 200 }, { unknown: 200 }],
  ['dispatch:marked-sending', 'cancel, SIGKILL', 'resend', { fcm: 200 }, { unknown: 200 }],
  ['plan:claimed', 'pause and resume', 'leave', { apns: 200 }],
  ['plan:between-stretches', 'pause and resume', 'leave', LONG, UNDER_WAY],
  ['dispatch:claimed', 'pause and resume', 'leave', { harmony: 200 }],
  ['dispatch:marked-sending', 'pause and resume', 'leave', { fcm: 200 }],
  ['dispatch:claimed', 'pause, SIGKILL, resume', 'leave', { apns: 200 }],
  ['dispatch:marked-sending', 'pause, SIGKILL, resume', 'leave', { fcm: 200 }, { unknown: 200 }],
  ['dispatch:marked-sending', 'pause, SIGKILL, resume', 'resend', { harmony: 200 }],
  ['plan:between-stretches', 'pause, SIGKILL, resume', 'resend', LONG, UNDER_WAY],
  ['dispatch:claimed', 'resume, SIGKILL', 'leave', { apns: 200 }],
];

const LINES = [
  ACCEPT,
  HAND_OVER,
  PLAN,
  DISPATCH,
  REPORT,
  HEIRS,
  STRAGGLERS,
  RETRIES,
  CONTROL,
].flat();

export const TABLE: readonly Row[] = [
  ...LINES.map(([at, fault, ifUnsure, mix, more]) => ({
    ...(at == null ? {} : { at }),
    ...(fault == null ? {} : { fault }),
    ifUnsure,
    mix,
    ...more,
  })),
  ...VENDOR_ROWS,
];
