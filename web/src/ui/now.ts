// One clock for all that tells how long ago something was: a log shows very many of them.

import { useSyncExternalStore } from 'react';

/** How often it is looked at, in milliseconds. */
const TICK = 10_000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function listen(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    for (const told of listeners) told();
  }, TICK);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** What `say` makes of the present: drawn again only when that is something else. */
export function useNow(say: (now: number) => string): string {
  return useSyncExternalStore(listen, () => say(Date.now()));
}
