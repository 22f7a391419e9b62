/** The monotonic clock that all processes of this machine share. */

const NS_PER_MS = 1e6;

/** Milliseconds since a moment that is the same for all of them. */
export const sharedClockMs = (): number => Number(process.hrtime.bigint()) / NS_PER_MS;
