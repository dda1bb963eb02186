// For how long the server keeps its log, and what that says about a thing in it.

/** When what was taken in then is deleted, in milliseconds as `takenIn` is. */
export function keptUntil(takenIn: number, keptSeconds: number): number {
  return takenIn + keptSeconds * 1_000;
}

/** When it was deleted; nothing while it is kept. */
export function deletedAt(takenIn: number, keptSeconds: number, now: number): number | undefined {
  const end = keptUntil(takenIn, keptSeconds);
  return end <= now ? end : undefined;
}

const UNITS: [name: string, seconds: number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** How long that is, exactly: "30 days", "36 hours". */
export function keptWords(keptSeconds: number): string {
  const [unit, size] = UNITS.find(([, size]) => keptSeconds >= size && keptSeconds % size === 0) ?? ['second', 1];
  return new Intl.NumberFormat(undefined, { style: 'unit', unit, unitDisplay: 'long' }).format(keptSeconds / size);
}
