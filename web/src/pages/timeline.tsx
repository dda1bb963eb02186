import { Anchor, Badge, Code, Group, Spoiler, Text, Timeline } from '@mantine/core';
import { Link } from 'react-router';
import { paths } from '../path-builder';
import { madeAt } from '../ui/id-time';
import { span } from '../ui/span';
import { StatusBadge } from '../ui/status';
import { Time } from '../ui/time';
import { exactly, useZone } from '../ui/zone';
import type { ToldEntry } from './visit-read';

const SIGNS: Record<ToldEntry['kind'], { color: string; name: string }> = {
  activity: { color: 'gray', name: 'The shopper' },
  state: { color: 'cyan', name: 'State' },
  timer: { color: 'orange', name: 'Timer' },
  event: { color: 'green', name: 'Event' },
};
/** An event that was made this long after its time was late: the gateway was down, or far behind. */
const LATE = 60_000;

/** What happened, and why an event fired or did not. */
export function TimelineView({ entries, merchantId }: { entries: ToldEntry[]; merchantId: string }) {
  const zone = useZone();
  const timers = new Set(entries.filter(({ kind }) => kind === 'timer').map(({ at }) => at));
  return (
    <Timeline active={entries.length} bulletSize={14} lineWidth={2}>
      {entries.map((entry, index) => (
        <Timeline.Item
          // Entries have no id; their order does not change.
          key={`${entry.at} ${index}`}
          color={SIGNS[entry.kind].color}
          title={
            <Text fw={entry.kind === 'activity' ? 400 : 600}>
              <bdi>{entry.text}</bdi>
            </Text>
          }
        >
          <Group gap="xs">
            <Text size="sm" c="dimmed">
              {SIGNS[entry.kind].name}, {exactly(entry.at, zone)} (<Time at={entry.at} />)
            </Text>
            <Late entry={entry} timed={timers.has(entry.at)} />
          </Group>
          {entry.event?.deliveries.map((delivery) => (
            <Group key={delivery.id} gap="xs" mt={4}>
              <StatusBadge status={delivery.status} />
              <Anchor component={Link} size="sm" to={paths.delivery(merchantId, delivery.id)}>
                {entry.event?.event_type}
              </Anchor>
            </Group>
          ))}
          {entry.details.length > 0 && <Details details={entry.details} />}
        </Timeline.Item>
      ))}
    </Timeline>
  );
}

/** Says so when an event that a timer was to fire came well after its time. */
function Late({ entry, timed }: { entry: ToldEntry; timed: boolean }) {
  if (!entry.event || !timed) return null;
  const late = madeAt(entry.event.id) - Date.parse(entry.at);
  if (late < LATE) return null;
  return (
    <Badge variant="light" color="red" autoContrast>
      late by {span(late)}
    </Badge>
  );
}

function Details({ details }: Pick<ToldEntry, 'details'>) {
  return (
    <Spoiler maxHeight={44} showLabel="Show all" hideLabel="Show less" mt={4}>
      <Group gap={4}>
        {details.map(([name, value]) => (
          <Code key={name}>
            {name}: <bdi>{value}</bdi>
          </Code>
        ))}
      </Group>
    </Spoiler>
  );
}
