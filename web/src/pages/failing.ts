// What is known about endpoints that fail, without any page.

import type { components } from '../api/__generated__/schema';

export type Failing = components['schemas']['FailingEndpoint'];
export type FailingState = 'open' | 'acknowledged';

/** Those that nobody looks after yet, and those that somebody does. */
export function sorted(endpoints: Failing[]): Record<FailingState, Failing[]> {
  return {
    open: endpoints.filter(({ acknowledged }) => !acknowledged),
    acknowledged: endpoints.filter(({ acknowledged }) => acknowledged),
  };
}

/** What comes of resolving a failure. */
export function effect(enabled: boolean, waiting: number): string {
  const on = enabled ? '' : 'It is disabled now: it is enabled again. ';
  if (waiting === 0) return `${on}No delivery waits for it.`;
  const [wait, they] =
    waiting === 1
      ? ['1 delivery waits', 'it is sent']
      : [`${waiting.toLocaleString()} deliveries wait`, 'they are sent'];
  // Only what a disabled endpoint held back is brought forward; what waits for a retry keeps its time.
  return `${on}${wait}: ${they} ${enabled ? 'when due' : 'now, the oldest first'}.`;
}
