import { Tooltip } from '@mantine/core';
import { useEffect, useState } from 'react';
import { exactly, useZone } from './zone';

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

/** How long ago, or how soon, in words. */
export function ago(at: string, now: number): string {
  const seconds = Math.round((Date.parse(at) - now) / 1_000);
  // Two clocks are never quite the same.
  if (Math.abs(seconds) < 3) return 'just now';
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  return relative.format(Math.trunc(seconds / size), unit);
}

/** A time: relative, and exact with its zone on hover or focus. */
export function Time({ at }: { at: string }) {
  const zone = useZone();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <Tooltip label={exactly(at, zone)} events={{ hover: true, focus: true, touch: true }}>
      <time dateTime={at} tabIndex={0}>
        {ago(at, now)}
      </time>
    </Tooltip>
  );
}
