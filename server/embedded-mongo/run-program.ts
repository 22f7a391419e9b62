/** Runs a short-lived program and keeps what it said. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** What the program wrote to its output; rejects when it is missing, fails or takes longer than `timeoutMs`. */
export const runProgram = async (
  command: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<string> => {
  const { stdout } = await execFileAsync(command, args, {
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 1024 * 1024,
  });
  return stdout;
};
