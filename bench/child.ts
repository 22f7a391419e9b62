/** Waits until a child process listens, ends it, and waits until it is gone. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { isAlive } from '../server/embedded-mongo/is-alive.js';
import { isListening } from '../server/embedded-mongo/port.js';

const GRACE_MS = 20_000;
const START_WITHIN_MS = 10_000;
const POLL_MS = 20;
const LOOK_EVERY_MS = 50;

const isGone = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode != null || signalCode != null;

/** Asks first; what has not ended after a grace of 20 s is killed. */
export const endChild = async (child: ChildProcess): Promise<void> => {
  if (isGone(child)) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await gone;
  clearTimeout(timer);
};

export const pidOf = ({ pid }: ChildProcess): number => {
  if (pid == null) throw new Error('A process could not be started');
  return pid;
};

/** Rejects when it has ended, or does not listen within 10 s. */
export const untilListening = async (
  name: string,
  child: ChildProcess,
  port: number,
): Promise<void> => {
  const deadline = performance.now() + START_WITHIN_MS;
  while (!(await isListening(port))) {
    if (child.exitCode != null || performance.now() > deadline) {
      throw new Error(`${name} did not start`);
    }
    await pause(POLL_MS);
  }
};

/** For processes that are not our own children. Rejects when one is still there after a grace of 20 s. */
export const untilGone = async (pids: readonly number[]): Promise<void> => {
  const deadline = performance.now() + GRACE_MS;
  while (pids.some(isAlive)) {
    if (performance.now() > deadline) throw new Error('A process does not end');
    await pause(LOOK_EVERY_MS);
  }
};
