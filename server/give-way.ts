/** Leaves the processor of a shared machine to whom somebody waits for. */
import { constants, getPriority, setPriority } from 'node:os';
import type { Config } from './config.js';
import type { Logger } from './logger.js';

const { PRIORITY_BELOW_NORMAL } = constants.priority;

/** Nobody waits for a single push of it: it has campaigns alone, and its database is a process of its own. */
export const canWait = ({ lanes, mongodbUri }: Pick<Config, 'lanes' | 'mongodbUri'>): boolean =>
  mongodbUri != null && lanes.length === 1 && lanes[0] === 'campaign';

/** Of the thread that does nearly all the work; the helpers of V8 stay as they are. */
export const giveWay = (logger: Pick<Logger, 'warn'>): void => {
  try {
    // Somebody may have given it a lower one.
    if (getPriority() < PRIORITY_BELOW_NORMAL) setPriority(PRIORITY_BELOW_NORMAL);
  } catch (error) {
    logger.warn('The priority of this process could not be lowered', { error });
  }
};
