/** An instant as a field for local times takes it, to the minute. */
export function toLocalField(at: string | undefined): string {
  if (!at) return '';
  const date = new Date(at);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** The instant of such a field. */
export function fromLocalField(text: string): string | undefined {
  const date = new Date(text);
  return text && !Number.isNaN(date.getTime()) ? date.toISOString() : undefined;
}

/** The zone in which such a field is read. */
export const LOCAL_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
