/**
 * One listener for all requests that share an AbortSignal: a listener each would cost a walk over all the others every
 * time one is added or removed, and hundreds of requests share one signal.
 */

export interface Abortable {
  abort(): void;
}

interface Watch {
  readonly abortables: Set<Abortable>;
  readonly listener: () => void;
}

const watches = new WeakMap<AbortSignal, Watch>();

const startWatch = (signal: AbortSignal): Watch => {
  const abortables = new Set<Abortable>();
  const listener = (): void => {
    for (const abortable of [...abortables]) abortable.abort();
  };
  const watch = { abortables, listener };
  signal.addEventListener('abort', listener, { once: true });
  watches.set(signal, watch);
  return watch;
};

export const watchAbort = (signal: AbortSignal, abortable: Abortable): void => {
  (watches.get(signal) ?? startWatch(signal)).abortables.add(abortable);
};

export const unwatchAbort = (signal: AbortSignal, abortable: Abortable): void => {
  const watch = watches.get(signal);
  if (!watch?.abortables.delete(abortable) || watch.abortables.size > 0) return;
  signal.removeEventListener('abort', watch.listener);
  watches.delete(signal);
};
