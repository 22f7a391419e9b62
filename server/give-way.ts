/** Leaves the processor of a shared machine to whom somebody waits for. */
import { constants, setPriority } from 'node:os';
import type { Config } from './config.js';

/** Nobody waits for a single push of it: it has campaigns alone, and its database is a process of its own. */
export const canWait = ({ lanes, mongodbUri }: Pick<Config, 'lanes' | 'mongodbUri'>): boolean =>
  mongodbUri != null && lanes.length === 1 && lanes[0] === 'campaign';

export const giveWay = (): void => setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
