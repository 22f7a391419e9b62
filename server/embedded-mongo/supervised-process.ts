/** A process that never outlives this one, also when this one is killed with SIGKILL. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

/** What the shell gives the process to end by itself before it kills it. */
const GRACE_SECONDS = 10;

// The shell holds the reading end of a pipe that only we write to. However we end, the kernel closes our end, `read`
// sees the end of the file, and the process is told to go. Its exit code becomes the shell's.
const SUPERVISOR = `
exec 3<&0
"$@" 3<&- </dev/null &
process=$!
(
  while read -r _ <&3; do :; done
  kill -TERM "$process"
  seconds=0
  while [ "$seconds" -lt ${GRACE_SECONDS} ]; do sleep 1; seconds=$((seconds + 1)); done
  kill -KILL "$process"
) 2>/dev/null &
watcher=$!
trap 'kill -TERM "$process"' TERM INT HUP
wait "$process"
code=$?
while kill -0 "$process" 2>/dev/null; do wait "$process"; code=$?; done
kill -KILL "$watcher" 2>/dev/null
exit "$code"
`;

export interface SupervisedProcess {
  /** The exit code once it has ended. */
  readonly ended: Promise<number | null>;
  /** Asks it to go, and waits until it is gone: at most the grace of 10 s, then it is killed. */
  stop(): Promise<void>;
}

const endOf = async (child: ChildProcess): Promise<number | null> => {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
};

/** `logPath` takes what the process prints. Rejects when there is no shell. */
export const superviseProcess = async (
  command: string,
  args: readonly string[],
  logPath: string,
): Promise<SupervisedProcess> => {
  const log = openSync(logPath, 'a', 0o600);
  const child = spawn('sh', ['-c', SUPERVISOR, 'sh', command, ...args], {
    stdio: ['pipe', log, log],
    // A group of its own: Ctrl-C in a terminal must reach the gateway only, which stops the process when it is done.
    detached: true,
  });
  closeSync(log);
  const ended = endOf(child);
  // Nobody may be waiting when it ends.
  ended.catch(() => {});
  child.stdin?.on('error', () => {});
  await once(child, 'spawn');
  // Alone it is no reason to keep this process running.
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return {
    ended,
    async stop() {
      child.ref();
      child.stdin?.end();
      await ended;
    },
  };
};
