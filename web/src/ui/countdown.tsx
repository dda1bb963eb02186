import { Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { ago } from './time';

/** What is left, as minutes and seconds; with hours where there are any. */
export function left(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1_000);
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60];
  if (seconds >= 3_600) parts.unshift(Math.floor(seconds / 3_600));
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

/** How long after its time a thing is overdue: two clocks differ, and timers are read in turn. */
const GRACE = 30_000;

/** How long until something happens, counted down; said in red when it ought to have happened. */
export function Countdown({ to, does }: { to: string; does: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const rest = Date.parse(to) - now;
  if (rest > 0)
    return (
      <time dateTime={to}>
        {does} in {left(rest)}
      </time>
    );
  if (rest > -GRACE) return <time dateTime={to}>{does} now</time>;
  return (
    <Text component="time" dateTime={to} size="sm" c="red" fw={600}>
      overdue since {ago(to, now)}
    </Text>
  );
}
