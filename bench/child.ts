/** Ends a child process by its id, and waits until it is gone. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const GRACE_MS = 20_000;

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
