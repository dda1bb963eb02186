import { Button, Group, Stack, Text } from '@mantine/core';
import { MomentInput } from '../ui/moment-input';
import { Pick } from '../ui/pick';
import { useZone, zoneName } from '../ui/zone';
import { useAddress } from './log-address';
import { type LogFilter, RANGES, withValues } from './log-filter';

/** When deliveries were made: the last hours or days, or from here to there. */
export function PickTime({ filter }: { filter: LogFilter }) {
  const change = useAddress();
  const zone = useZone();
  const { range, from, to } = filter;
  function put(next: { range?: string; from?: string; to?: string }) {
    change((search) =>
      (['range', 'from', 'to'] as const).reduce(
        (changed, name) => withValues(changed, name, next[name] ? [next[name]] : []),
        search,
      ),
    );
  }
  return (
    <Pick label="Time" count={range || from || to ? 1 : 0}>
      <Stack gap="sm">
        <Group gap="xs">
          {Object.entries(RANGES).map(([name, { label }]) => (
            <Button
              key={name}
              size="xs"
              variant={range === name ? 'filled' : 'default'}
              aria-pressed={range === name}
              onClick={() => put(range === name ? {} : { range: name })}
            >
              {label}
            </Button>
          ))}
        </Group>
        <Group gap="xs" align="end">
          <MomentInput label="From" value={from ?? ''} onChange={(at) => put({ from: at, to })} />
          <MomentInput label="To" value={to ?? ''} onChange={(at) => put({ from, to: at })} />
        </Group>
        <Text size="xs" c="dimmed">
          Times of {zoneName(zone)}
        </Text>
      </Stack>
    </Pick>
  );
}
