import { Button, Group, Text } from '@mantine/core';
import { IconArrowUp, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import type { Live } from './log-live';

const STATES: Record<Live['state'], string> = {
  live: 'Live',
  lost: 'Not up to date: trying again',
  refused: 'Not up to date: it can no longer be followed',
};

/** What is new, to be shown when wanted; and the switch that stops looking for it. */
export function LiveBar({ live, on, onSwitch }: { live: Live; on: boolean; onSwitch: (on: boolean) => void }) {
  return (
    <Group gap="xs">
      <Button
        size="compact-sm"
        variant="default"
        leftSection={on ? <IconPlayerPause size={14} aria-hidden /> : <IconPlayerPlay size={14} aria-hidden />}
        onClick={() => onSwitch(!on)}
      >
        {on ? 'Pause' : 'Follow'}
      </Button>
      <Text size="sm" c="dimmed">
        {on ? STATES[live.state] : 'Paused: what is new is not shown'}
      </Text>
      <span aria-live="polite">
        {on && live.count > 0 && (
          <Button
            size="compact-sm"
            leftSection={<IconArrowUp size={14} aria-hidden />}
            onClick={live.show}
          >
            {live.isMore ? `${live.count.toLocaleString()} or more new, from the top` : `${live.count} new`}
          </Button>
        )}
      </span>
    </Group>
  );
}
