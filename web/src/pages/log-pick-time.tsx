import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useSearchParams } from 'react-router';
import { LOCAL_ZONE, fromLocalField, toLocalField } from '../ui/local-time';
import { Pick } from '../ui/pick';
import { type LogFilter, RANGES, withValues } from './log-filter';

/** When deliveries were made: the last hours or days, or from here to there. */
export function PickTime({ filter }: { filter: LogFilter }) {
  const [, setSearch] = useSearchParams();
  const [fault, setFault] = useState<string>();
  function put(range: string | undefined, from?: string, to?: string) {
    setFault(undefined);
    setSearch(
      (search) => {
        let next = withValues(search, 'range', range ? [range] : []);
        next = withValues(next, 'from', from ? [from] : []);
        return withValues(next, 'to', to ? [to] : []);
      },
      { replace: true },
    );
  }
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const from = fromLocalField(String(form.get('from')));
    const to = fromLocalField(String(form.get('to')));
    if (from && to && from > to) setFault('It must not begin after its end.');
    else put(undefined, from, to);
  }
  return (
    <Pick label="Time" count={filter.range || filter.from || filter.to ? 1 : 0}>
      <Stack gap="sm">
        <Group gap="xs">
          {Object.entries(RANGES).map(([range, { label }]) => (
            <Button
              key={range}
              size="xs"
              variant={filter.range === range ? 'filled' : 'default'}
              aria-pressed={filter.range === range}
              onClick={() => put(filter.range === range ? undefined : range)}
            >
              {label}
            </Button>
          ))}
        </Group>
        <form onSubmit={submit} key={`${filter.from} ${filter.to}`}>
          <Group gap="xs" align="end">
            <TextInput
              size="xs"
              type="datetime-local"
              name="from"
              label="From"
              defaultValue={toLocalField(filter.from)}
            />
            <TextInput
              size="xs"
              type="datetime-local"
              name="to"
              label="To"
              defaultValue={toLocalField(filter.to)}
              error={fault}
            />
            <Button size="xs" type="submit">
              Apply
            </Button>
          </Group>
        </form>
        <Text size="xs" c="dimmed">
          Times of {LOCAL_ZONE}
        </Text>
      </Stack>
    </Pick>
  );
}
