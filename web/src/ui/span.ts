const UNITS: [string, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];

/** A span of time by its largest unit, rounded: "4 minutes". */
export function span(ms: number): string {
  const [unit, size] = UNITS.find(([, size]) => Math.round(ms / size) >= 1) ?? ['second', 1_000];
  return new Intl.NumberFormat(undefined, { style: 'unit', unit, unitDisplay: 'long' }).format(
    Math.max(1, Math.round(ms / size)),
  );
}

/** Milliseconds as they are read: 0.4 ms, 57 ms, 1.25 s. */
export function ms(value: number): string {
  if (value >= 1_000) return `${(value / 1_000).toFixed(2)} s`;
  return `${value >= 10 ? Math.round(value) : Math.round(value * 10) / 10} ms`;
}
