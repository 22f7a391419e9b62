/** Refuses a message that a vendor would not take before anything is sent, in the words the API uses for the same fault. */
import type { Adapter, Message, Outcome, Problem } from './adapter.js';

/**
 * A task is checked when it is accepted, but a text laid over it for a locale or an account, or settings changed since,
 * can still make it unfit.
 */
export const fitAdapter = (
  adapter: Adapter,
  check: (message: Message) => readonly Problem[],
): Adapter => ({
  ...adapter,
  async send(message, targets, signal, onOutcome) {
    const [problem] = check(message);
    if (problem == null) return adapter.send(message, targets, signal, onOutcome);
    const refused: Outcome = {
      kind: 'message-refused',
      reason: problem.code,
      detail: `${problem.field}: ${problem.detail}`,
    };
    return targets.map((_target, index) => {
      onOutcome?.(index, refused);
      return refused;
    });
  },
});
