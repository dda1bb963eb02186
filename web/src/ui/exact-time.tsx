import { exactly, useZone } from './zone';

/** A time to the second, with its zone. */
export function ExactTime({ at }: { at: number }) {
  const time = new Date(at);
  return <time dateTime={time.toISOString()}>{exactly(time, useZone())}</time>;
}
