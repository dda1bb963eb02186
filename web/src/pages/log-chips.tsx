import { Button, Group } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { Endpoint } from '../api/endpoints';
import { OUTCOMES, type Outcome } from '../ui/outcomes';
import { type Zone, exactly, useZone } from '../ui/zone';
import { useAddress } from './log-address';
import { type LogFilter, MANY, type Many, RANGES, withValues, withoutFilter } from './log-filter';

const LABELS: Record<Many, string> = {
  status: 'Status',
  event_type: 'Event type',
  endpoint_id: 'Endpoint',
  http_status: 'HTTP status',
  outcome: 'Outcome',
};

type Chip = { name: string; value: string; text: string };

/** What the log is narrowed down by now, each part to be taken away, or all. */
export function LogChips({ filter, endpoints }: { filter: LogFilter; endpoints: Map<string, Endpoint> }) {
  const change = useAddress();
  const chips = chipsOf(filter, endpoints, useZone());
  if (chips.length === 0) return null;
  return (
    <Group gap={6} role="group" aria-label="Filters in use">
      {chips.map(({ name, value, text }) => (
        <Button
          key={`${name} ${value}`}
          size="compact-xs"
          variant="light"
          maw={340}
          rightSection={<IconX size={12} aria-hidden />}
          aria-label={`Remove ${text}`}
          onClick={() =>
            change((search) =>
              withValues(search, name, search.getAll(name).filter((other) => other !== value)),
            )
          }
        >
          <bdi>{text}</bdi>
        </Button>
      ))}
      <Button
        size="compact-xs"
        variant="subtle"
        onClick={() => change(withoutFilter)}
      >
        Clear filters
      </Button>
    </Group>
  );
}

function chipsOf(filter: LogFilter, endpoints: Map<string, Endpoint>, zone: Zone): Chip[] {
  const shown = (name: Many, value: string) => {
    if (name === 'endpoint_id') return endpoints.get(value)?.url ?? value;
    return name === 'outcome' ? OUTCOMES[value as Outcome].name : value;
  };
  const chips: Chip[] = MANY.flatMap((name) =>
    filter[name].map((value) => ({ name, value, text: `${LABELS[name]}: ${shown(name, value)}` })),
  );
  const { event_id, is_test, min_attempts: least, range, from, to } = filter;
  if (event_id) chips.push({ name: 'event_id', value: event_id, text: `Event: ${event_id}` });
  if (least) chips.push({ name: 'min_attempts', value: least, text: `Attempts: ${least} or more` });
  if (range) chips.push({ name: 'range', value: range, text: `Time: ${RANGES[range]!.label}` });
  if (from && !range) chips.push({ name: 'from', value: from, text: `From ${exactly(from, zone)}` });
  if (to && !range) chips.push({ name: 'to', value: to, text: `To ${exactly(to, zone)}` });
  if (is_test) {
    const text = is_test === 'true' ? 'Tests only' : 'No tests';
    chips.push({ name: 'is_test', value: is_test, text });
  }
  return chips;
}
