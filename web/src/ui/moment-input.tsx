import { TextInput } from '@mantine/core';
import { LOCAL_ZONE, type Zone, useZone } from './zone';

const pad = (value: number) => String(value).padStart(2, '0');

/** A time as the browser's own field for one writes it. */
export function toField(iso: string, zone: Zone): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return '';
  if (zone === 'UTC') return at.toISOString().slice(0, 16);
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${day}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

/** What such a field says, in UTC; nothing while it is not complete. */
export function fromField(text: string, zone: Zone): string {
  const at = new Date(zone === 'UTC' ? `${text}Z` : text);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
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
      aria-description={`In ${zone === 'UTC' ? 'UTC' : LOCAL_ZONE}`}
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
