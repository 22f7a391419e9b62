/** A push whose turn comes when what was read of its device is too old. */
import type { Message, Outcome } from './adapter.js';

export const LATE: Outcome = { kind: 'try-later', reason: 'late', cause: 'turn' };

/** By the clock of transports. */
export const isLate = ({ sendBefore }: Pick<Message, 'sendBefore'>): boolean =>
  sendBefore !== undefined && performance.now() > sendBefore;
