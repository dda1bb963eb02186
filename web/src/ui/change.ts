// What differs between two states of a thing.

export type Change = { field: string; before: unknown; after: unknown };

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields that differ, by their path. A state that is missing has no fields. */
export function changes(before: unknown, after: unknown, path = ''): Change[] {
  if (isPlain(before ?? {}) && isPlain(after ?? {}) && (before || after)) {
    const one = (before ?? {}) as Record<string, unknown>;
    const other = (after ?? {}) as Record<string, unknown>;
    return [...new Set([...Object.keys(one), ...Object.keys(other)])].flatMap((key) =>
      changes(one[key], other[key], path ? `${path}.${key}` : key),
    );
  }
  const same = JSON.stringify(before ?? null) === JSON.stringify(after ?? null);
  return same ? [] : [{ field: path, before, after }];
}

/** A value in a line; nothing for what is not there. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
