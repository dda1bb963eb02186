import { Anchor, Group, Text, Timeline } from '@mantine/core';
import { Link } from 'react-router';
import type { components } from '../api/__generated__/schema';
import { paths } from '../path-builder';
import { StatusBadge } from './status';
import { Time } from './time';

/** What happened, and why an event fired or did not. */
export function TimelineView({
  entries,
  merchantId,
}: {
  entries: components['schemas']['TimelineEntry'][];
  merchantId: string;
}) {
  return (
    <Timeline active={entries.length} bulletSize={14} lineWidth={2}>
      {entries.map((entry, index) => (
        <Timeline.Item
          // Entries have no id; their order does not change.
          key={`${entry.at} ${index}`}
          title={<Text fw={entry.kind === 'activity' ? 400 : 600}>{entry.text}</Text>}
        >
          <Text size="sm" c="dimmed">
            <Time at={entry.at} />
          </Text>
          {entry.event?.deliveries.map((delivery) => (
            <Group key={delivery.id} gap="xs">
              <StatusBadge status={delivery.status} />
              <Anchor component={Link} size="sm" to={paths.delivery(merchantId, delivery.id)}>
                {entry.event?.event_type}
              </Anchor>
            </Group>
          ))}
        </Timeline.Item>
      ))}
    </Timeline>
  );
}
