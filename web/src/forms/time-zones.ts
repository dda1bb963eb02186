/** The zones that a store can be in, by their IANA names; `known` is among them even where this browser is older than it. */
export function timeZones(known: string | null | undefined): string[] {
  // Browsers leave out UTC, which is a zone like any other here.
  const zones = new Set([...(Intl.supportedValuesOf?.('timeZone') ?? []), 'UTC']);
  if (known) zones.add(known);
  return [...zones].toSorted();
}

/** Whether a zone is what somebody looks for: "new york" finds America/New_York. */
export function isZoneOf(zone: string, typed: string): boolean {
  const plain = (text: string) => text.toLowerCase().replaceAll('_', ' ').trim();
  return plain(zone).includes(plain(typed));
}
