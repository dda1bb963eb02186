import { TextInput } from '@mantine/core';
import { type Zone, inZone, useZone, zoneName } from './zone';

/** What the clocks of a zone show at a moment, as if it were UTC: in milliseconds. */
function clockOf(at: number, zone: Zone): number {
  const parts = new Intl.DateTimeFormat('en', {
    calendar: 'iso8601',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
    ...inZone(zone),
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((one) => one.type === type)?.value);
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
}

/** A time as the browser's own field for one writes it. */
export function toField(iso: string, zone: Zone): string {
  const at = Date.parse(iso);
  return Number.isNaN(at) ? '' : new Date(clockOf(at, zone)).toISOString().slice(0, 16);
}

/** What such a field says, in UTC; nothing while it is not complete. */
export function fromField(text: string, zone: Zone): string {
  const shown = Date.parse(`${text}Z`);
  if (Number.isNaN(shown)) return '';
  // The distance to UTC at about that time, then at that time: they differ where clocks were changed in between.
  let at = shown;
  for (let round = 0; round < 2; round += 1) at = shown - (clockOf(at, zone) - at);
  return new Date(at).toISOString();
}

/** A moment, chosen in the zone in which times are told. */
export function MomentInput({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (iso: string) => void;
}) {
  const zone = useZone();
  return (
    <TextInput
      type="datetime-local"
      label={label}
      aria-description={`In ${zoneName(zone)}`}
      key={`${zone} ${value}`}
      defaultValue={toField(value, zone)}
      onBlur={(event) => {
        const next = fromField(event.currentTarget.value, zone);
        if (toField(next, zone) !== toField(value, zone)) onChange(next);
      }}
      w={200}
    />
  );
}
