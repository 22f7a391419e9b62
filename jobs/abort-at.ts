/**
 * A signal that is aborted with another one, and at a time. Not `AbortSignal.any` of a timeout: nothing but the composed signal
 * refers to its parts, and Node 20 may collect one before it has fired.
 */

export interface TimedSignal {
  readonly signal: AbortSignal;
  /** Resolves when it is aborted. */
  readonly aborted: Promise<void>;
  /** Must be called when nobody needs it any more. */
  release(): void;
}

/** `atMs` by `performance.now()`; undefined: only with `signal`. */
export const abortAt = (atMs: number | undefined, signal: AbortSignal): TimedSignal => {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const aborted = new Promise<void>((resolve) => {
    controller.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  let timer: NodeJS.Timeout | undefined;
  // Node counts a timer from when the turn of the event loop began, and cuts its time to whole milliseconds: it fires too early.
  const wait = (untilMs: number): void => {
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0) abort();
    else timer = setTimeout(wait, Math.ceil(leftMs), untilMs);
  };
  if (atMs != null) wait(atMs);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  return {
    signal: controller.signal,
    aborted,
    release() {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    },
  };
};
