import { Tooltip } from '@mantine/core';
import { useEffect, useId, useRef, useState } from 'react';
import { useNow } from './now';
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
  const words = useNow((now) => ago(at, now));
  const place = useRef<HTMLTimeElement>(null);
  const id = useId();
  const [isAsked, setIsAsked] = useState(false);
  const ask = () => setIsAsked(true);
  const leave = () => setIsAsked(false);
  useEffect(() => {
    if (!isAsked) return;
    const dismiss = ({ key }: KeyboardEvent) => key === 'Escape' && leave();
    document.addEventListener('keydown', dismiss);
    return () => document.removeEventListener('keydown', dismiss);
  }, [isAsked]);
  return (
    <>
      <time
        ref={place}
        dateTime={at}
        tabIndex={0}
        aria-describedby={isAsked ? id : undefined}
        onPointerEnter={ask}
        onPointerLeave={(event) => event.pointerType !== 'touch' && leave()}
        onFocus={(event) => event.currentTarget.matches(':focus-visible') && ask()}
        onBlur={leave}
      >
        {words}
      </time>
      {/* Lists show very many times, and few are asked for: only those have a tooltip. */}
      {isAsked && <Tooltip target={place} opened id={id} role="tooltip" label={exactly(at, zone)} />}
    </>
  );
}
